using System.Collections.Concurrent;
using LamdAgent.Hosting.Bus;
using LamdAgent.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RabbitMQ.Client;

namespace LamdAgent.Hosting.Tests.Bus;

public sealed class RabbitMqBusTests : IAsyncLifetime
{
    private RabbitMqBroker? broker;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => broker = await RabbitMqBroker.StartAsync();

    public async ValueTask DisposeAsync() => await broker!.DisposeAsync();

    [Fact]
    public async Task Commands_wait_for_a_worker_events_reach_subscribers_and_a_poison_message_rests_in_the_error_queue()
    {
        // The sender starts alone: nobody has ever consumed the queue.
        using (var sender = BuildHost(bus => bus.SendCommand<BakeBread>()))
        {
            await sender.StartAsync(Cancellation);
            for (var loaf = 0; loaf < 20; loaf++)
            {
                await sender.Services.GetRequiredService<ICommandSender>().SendAsync(new BakeBread { Loaf = loaf }, Cancellation);
            }

            await sender.StopAsync(Cancellation);
        }

        // Who subscribes for the first time after an event was published does not get it: the subscriber is there before the worker begins.
        using var subscriber = BuildHost(bus => bus.HandleEvent<BreadBaked, Waiter>("counter"));
        await subscriber.StartAsync(Cancellation);
        using var worker = BuildHost(bus => bus.SendCommand<BakeBread>().HandleCommand<BakeBread, Baker>(concurrency: 2));
        await worker.StartAsync(Cancellation);
        var table = subscriber.Services.GetRequiredService<Table>();
        await table.WaitForAsync(19, Cancellation);
        table.Loaves.Order().ShouldBe(Enumerable.Range(0, 20).Where(loaf => loaf != Baker.Poison));

        await using var connection = await new ConnectionFactory { Uri = broker!.Uri }.CreateConnectionAsync(Cancellation);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation);
        BasicGetResult? poison = null;
        while (poison is null)
        {
            await Task.Delay(50, Cancellation);
            poison = await channel.BasicGetAsync("bake-bread_error", autoAck: false, Cancellation);
        }

        System.Text.Encoding.UTF8.GetString(poison.Body.Span).ShouldContain($"\"loaf\": {Baker.Poison}");
        await worker.StopAsync(Cancellation);
        await subscriber.StopAsync(Cancellation);
    }

    private IHost BuildHost(Action<BusRegistration> register)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration["Bus:Url"] = broker!.Uri.ToString();
        builder.Configuration["Bus:RetryCount"] = "1";
        builder.Configuration["Bus:RetryMinimum"] = "00:00:00.001";
        builder.Services.AddSingleton<Table>();
        builder.Services.AddBus(BusTransport.RabbitMq, register);
        return builder.Build();
    }

    private sealed class Table
    {
        private readonly SemaphoreSlim served = new(0);

        private readonly ConcurrentDictionary<int, int> loaves = [];

        public IEnumerable<int> Loaves => loaves.Keys;

        // A message comes at least once; only the first time counts.
        public void Serve(int loaf)
        {
            if (loaves.TryAdd(loaf, 1))
            {
                served.Release();
            }
        }

        public async Task WaitForAsync(int count, CancellationToken cancellationToken)
        {
            for (var i = 0; i < count; i++)
            {
                (await served.WaitAsync(TimeSpan.FromSeconds(60), cancellationToken)).ShouldBeTrue();
            }
        }
    }

    private sealed class Baker(IEventPublisher events) : IMessageHandler<BakeBread>
    {
        public const int Poison = 13;

        public Task HandleAsync(BakeBread message, CancellationToken cancellationToken) => message.Loaf == Poison
            ? throw new IOException("burnt")
            : events.PublishAsync(new BreadBaked { Loaf = message.Loaf }, cancellationToken);
    }

    private sealed class Waiter(Table table) : IMessageHandler<BreadBaked>
    {
        public Task HandleAsync(BreadBaked message, CancellationToken cancellationToken)
        {
            table.Serve(message.Loaf);
            return Task.CompletedTask;
        }
    }
}
