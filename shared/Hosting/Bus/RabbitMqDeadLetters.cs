using Microsoft.Extensions.Options;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace LamdAgent.Hosting.Bus;

/// <summary>
/// Dead letters on RabbitMQ. A message is looked at by taking it without acknowledging; closing the channel, or dying, puts it back (a quorum queue puts it at the end, so a look at a part
/// of a long queue shows another part the next time). A retry is publish, wait for the broker's
/// confirm, acknowledge: cut off in between, the message is there twice, and the second copy finds its step done.
/// </summary>
internal sealed class RabbitMqDeadLetters(IOptions<BusOptions> options, IEnumerable<string> queues) : IDeadLetters
{
    private const int NotFound = 404;
    private const int LooksAfterPuttingBack = 100; // two seconds; another look may hold some of them

    public IReadOnlyList<string> Queues { get; } = [.. queues.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    public async Task<IReadOnlyList<DeadLetterQueue>> ListAsync(string? queue, int limit, CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync(cancellation);
        var found = new List<DeadLetterQueue>();
        foreach (var name in Chosen(queue))
        {
            await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellation);
            if (await CountAsync(channel, name, cancellation) is > 0 and var total)
            {
                var messages = new List<DeadLetter>();
                ulong last = 0;
                while (messages.Count < Math.Min(limit, total) && await channel.BasicGetAsync(QueueNames.ErrorsOf(name), autoAck: false, cancellation) is { } taken)
                {
                    last = taken.DeliveryTag;
                    messages.Add(DeadLetterReader.Read(name, taken.BasicProperties, taken.Body));
                }

                await PutBackAsync(channel, name, last, total, cancellation);

                found.Add(new DeadLetterQueue(name, total, [.. messages.OrderBy(message => message.FailedAt).ThenBy(message => message.MessageId, StringComparer.Ordinal)]));
            }
        }

        return found;
    }

    public async Task<int> RetryAsync(string? queue, string? messageId, CancellationToken cancellation)
    {
        await using var connection = await ConnectAsync(cancellation);
        var moved = 0;
        foreach (var name in Chosen(queue))
        {
            await using var channel = await connection.CreateChannelAsync(
                new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancellation);

            // As many as there are now: one that fails again at once is not met a second time.
            var total = await CountAsync(channel, name, cancellation);
            ulong passed = 0;
            for (var left = total; left > 0; left--)
            {
                if (await channel.BasicGetAsync(QueueNames.ErrorsOf(name), autoAck: false, cancellation) is not { } taken)
                {
                    break;
                }

                if (messageId is not null && DeadLetterReader.IdOf(taken.BasicProperties, taken.Body) != messageId)
                {
                    passed = taken.DeliveryTag;
                    continue;
                }

                // Mandatory: a queue that is not there is an error, not a hole. Returns when the broker has the message on disk.
                await channel.BasicPublishAsync("", name, mandatory: true, DeadLetterReader.WithoutFault(taken.BasicProperties), taken.Body, cancellation);
                await channel.BasicAckAsync(taken.DeliveryTag, multiple: false, cancellation);
                moved++;
                if (messageId is not null)
                {
                    await PutBackAsync(channel, name, passed, total - 1, cancellation);
                    return moved;
                }
            }

            await PutBackAsync(channel, name, passed, total, cancellation);
        }

        return moved;
    }

    // The broker takes messages back a moment after it was told; who looks next should see them.
    private static async Task PutBackAsync(IChannel channel, string queue, ulong last, int total, CancellationToken cancellation)
    {
        if (last == 0)
        {
            return;
        }

        await channel.BasicNackAsync(last, multiple: true, requeue: true, cancellation);
        for (var look = 0; look < LooksAfterPuttingBack && await CountAsync(channel, queue, cancellation) < total; look++)
        {
            await Task.Delay(20, cancellation);
        }
    }

    private static async Task<int> CountAsync(IChannel channel, string queue, CancellationToken cancellation)
    {
        try
        {
            return (int)(await channel.QueueDeclarePassiveAsync(QueueNames.ErrorsOf(queue), cancellation)).MessageCount;
        }
        catch (OperationInterruptedException e) when (e.ShutdownReason?.ReplyCode == NotFound)
        {
            return 0; // no process that uses it was started yet
        }
    }

    private IEnumerable<string> Chosen(string? queue) => queue is null ? Queues : Queues.Where(known => known == queue);

    private Task<IConnection> ConnectAsync(CancellationToken cancellation) =>
        new ConnectionFactory { Uri = new Uri(options.Value.Url), ClientProvidedName = "lamdagent dead letters", AutomaticRecoveryEnabled = false }.CreateConnectionAsync(cancellation);
}
