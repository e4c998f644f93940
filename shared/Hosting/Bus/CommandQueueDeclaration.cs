using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using RabbitMQ.Client;

namespace LamdAgent.Hosting.Bus;

/// <summary>
/// Makes this process's queues and their error queues before the first message, with the same arguments as their consumers do (<see cref="RabbitMqQueues"/>): a command that is sent before any worker
/// was ever started waits in its queue instead of being dropped, and what exceeds the delivery limit has a place to go.
/// </summary>
internal sealed class CommandQueueDeclaration(IOptions<BusOptions> options, IReadOnlyList<string> queues) : IHostedLifecycleService
{
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        if (options.Value.Transport != BusTransport.RabbitMq)
        {
            return;
        }

        var factory = new ConnectionFactory { Uri = new Uri(options.Value.Url), ClientProvidedName = "lamdagent queues" };
        await using var connection = await factory.CreateConnectionAsync(cancellationToken);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        foreach (var queue in queues)
        {
            var errors = QueueNames.ErrorsOf(queue);
            await channel.ExchangeDeclareAsync(errors, ExchangeType.Fanout, durable: true, cancellationToken: cancellationToken);
            await channel.QueueDeclareAsync(errors, durable: true, exclusive: false, autoDelete: false, RabbitMqQueues.ErrorArguments, cancellationToken: cancellationToken);
            await channel.QueueBindAsync(errors, errors, "", cancellationToken: cancellationToken);
            await channel.ExchangeDeclareAsync(queue, ExchangeType.Fanout, durable: true, cancellationToken: cancellationToken);
            await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, RabbitMqQueues.Arguments(queue, options.Value), cancellationToken: cancellationToken);
            await channel.QueueBindAsync(queue, queue, "", cancellationToken: cancellationToken);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
