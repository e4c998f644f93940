using System.Collections.Concurrent;
using LamdAgent.Hosting.Bus;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace LamdAgent.Hosting.Tests.Bus;

public sealed class InMemoryBusTests
{
    [Fact]
    public async Task A_command_reaches_its_handler_and_the_event_it_publishes_reaches_every_subscriber()
    {
        using var host = BuildHost(bus => bus
            .HandleCommand<BakeBread, Baker>()
            .HandleEvent<BreadBaked, Waiter>("kitchen")
            .HandleEvent<BreadBaked, Waiter>("counter"));
        await host.StartAsync(TestContext.Current.CancellationToken);

        for (var loaf = 0; loaf < 50; loaf++)
        {
            await host.Services.GetRequiredService<ICommandSender>().SendAsync(new BakeBread { Loaf = loaf }, TestContext.Current.CancellationToken);
        }

        var table = host.Services.GetRequiredService<Table>();
        await table.WaitForAsync(100, TestContext.Current.CancellationToken);
        table.Loaves.Order().ShouldBe(Enumerable.Range(0, 50).SelectMany(loaf => new[] { loaf, loaf }));
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_handler_that_throws_is_tried_again()
    {
        using var host = BuildHost(bus => bus.HandleCommand<BakeBread, BurningBaker>());
        await host.StartAsync(TestContext.Current.CancellationToken);

        await host.Services.GetRequiredService<ICommandSender>().SendAsync(new BakeBread { Loaf = 7 }, TestContext.Current.CancellationToken);

        await host.Services.GetRequiredService<Table>().WaitForAsync(3, TestContext.Current.CancellationToken);
        await host.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public void One_process_has_one_handler_for_a_queue() =>
        Should.Throw<InvalidOperationException>(() => BuildHost(bus => bus.HandleCommand<BakeBread, Baker>().HandleCommand<BakeBread, Baker>()))
            .Message.ShouldContain("bake-bread");

    [Fact]
    public void Queues_are_named_after_messages()
    {
        QueueNames.ForCommand<BakeBread>().ShouldBe("bake-bread");
        QueueNames.ForEvent<BreadBaked>("planner").ShouldBe("planner-bread-baked");
        QueueNames.ErrorsOf("bake-bread").ShouldBe("bake-bread_error");
    }

    private static IHost BuildHost(Action<BusRegistration> register)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration["Bus:RetryMinimum"] = "00:00:00.001";
        builder.Services.AddSingleton<Table>();
        builder.Services.AddBus(BusTransport.InMemory, register);
        return builder.Build();
    }

    private sealed class Table
    {
        private readonly SemaphoreSlim served = new(0);

        public ConcurrentQueue<int> Loaves { get; } = [];

        public void Serve(int loaf)
        {
            Loaves.Enqueue(loaf);
            served.Release();
        }

        public async Task WaitForAsync(int count, CancellationToken cancellationToken)
        {
            for (var i = 0; i < count; i++)
            {
                (await served.WaitAsync(TimeSpan.FromSeconds(30), cancellationToken)).ShouldBeTrue();
            }
        }
    }

    private sealed class Baker(IEventPublisher events) : IMessageHandler<BakeBread>
    {
        public Task HandleAsync(BakeBread message, CancellationToken cancellationToken) =>
            events.PublishAsync(new BreadBaked { Loaf = message.Loaf }, cancellationToken);
    }

    private sealed class BurningBaker(Table table) : IMessageHandler<BakeBread>
    {
        public Task HandleAsync(BakeBread message, CancellationToken cancellationToken)
        {
            table.Serve(message.Loaf);
            return table.Loaves.Count < 3 ? throw new IOException("burnt") : Task.CompletedTask;
        }
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
