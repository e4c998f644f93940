using System.Collections.Concurrent;
using LamdAgent.Hosting.Bus;
using LamdAgent.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace LamdAgent.Hosting.Tests.Bus;

public sealed class RabbitMqDeadLettersTests(RabbitMqDeadLettersTests.BrokerFixture fixture) : IAsyncLifetime, IClassFixture<RabbitMqDeadLettersTests.BrokerFixture>
{
    private const string Queue = "bake-bread";
    private readonly Oven oven = new() { IsBroken = true };
    private IHost? worker;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private IDeadLetters DeadLetters => worker!.Services.GetRequiredService<IDeadLetters>();

    public async ValueTask InitializeAsync()
    {
        await using (var connection = await new ConnectionFactory { Uri = fixture.Broker.Uri }.CreateConnectionAsync(Cancellation))
        await using (var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation))
        {
            await channel.QueueDeleteAsync(Queue, cancellationToken: Cancellation);
            await channel.QueueDeleteAsync(QueueNames.ErrorsOf(Queue), cancellationToken: Cancellation);
        }

        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration["Bus:Url"] = fixture.Broker.Uri.ToString();
        builder.Configuration["Bus:RetryCount"] = "2";
        builder.Configuration["Bus:RetryMinimum"] = "00:00:00.001";
        builder.Services.AddSingleton(oven);
        builder.Services.AddBus(BusTransport.RabbitMq, bus => bus.HandleCommand<BakeBread, Baker>());
        worker = builder.Build();
        await worker.StartAsync(Cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await worker!.StopAsync(CancellationToken.None);
        worker.Dispose();
    }

    [Fact]
    public async Task Looking_changes_nothing_and_a_retry_puts_back_one_message_or_all()
    {
        (await DeadLetters.ListAsync(null, 10, Cancellation)).ShouldBeEmpty();
        await SpoilAsync(5);

        // Oftener than the 20 deliveries after which RabbitMQ 4 drops a message by default.
        var first = (await ListAsync(10)).Messages;
        for (var look = 0; look < 25; look++)
        {
            (await ListAsync(10)).Messages.ShouldBe(first);
        }

        first.Select(letter => letter.MessageId).ShouldBeUnique();
        first.ShouldAllBe(letter => letter.Queue == Queue && letter.MessageType == nameof(BakeBread) && letter.Reason == "burnt" && letter.Deliveries == 3);
        first.ShouldAllBe(letter => letter.ExceptionType == "System.IO.IOException" && letter.FailedAt > DateTimeOffset.UnixEpoch);
        var page = await ListAsync(2);
        page.Total.ShouldBe(5);
        page.Messages.Count.ShouldBe(2);
        page.Messages.ShouldAllBe(letter => first.Contains(letter));

        oven.IsBroken = false;
        (await DeadLetters.RetryAsync(Queue, first[2].MessageId, Cancellation)).ShouldBe(1);
        await oven.WaitForAsync(1, Cancellation);
        (await ListAsync(10)).Messages.ShouldBe(first.Where((_, i) => i != 2));
        (await DeadLetters.RetryAsync(Queue, "nobody", Cancellation)).ShouldBe(0);
        (await DeadLetters.RetryAsync(null, null, Cancellation)).ShouldBe(4);
        await oven.WaitForAsync(5, Cancellation);
        oven.Loaves.Order().ShouldBe(Enumerable.Range(0, 5));
        (await DeadLetters.ListAsync(null, 10, Cancellation)).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_fails_again_comes_back_once_and_counts_anew()
    {
        await SpoilAsync(2);
        (await DeadLetters.RetryAsync(null, null, Cancellation)).ShouldBe(2);
        await WaitForLettersAsync(2);
        (await ListAsync(10)).Messages.ShouldAllBe(letter => letter.Deliveries == 3);
    }

    [Fact]
    public async Task A_retry_that_is_cut_off_loses_nothing()
    {
        await SpoilAsync(3);
        var before = (await ListAsync(10)).Messages;
        await using var connection = await new ConnectionFactory { Uri = fixture.Broker.Uri }.CreateConnectionAsync(Cancellation);
        await using (var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation))
        {
            await worker!.StopAsync(Cancellation);
            await channel.QueueDeleteAsync(Queue, cancellationToken: Cancellation); // the broker cannot take it back
        }

        await Should.ThrowAsync<PublishException>(DeadLetters.RetryAsync(Queue, null, Cancellation));
        using var stopped = new CancellationTokenSource();
        await stopped.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(DeadLetters.RetryAsync(Queue, null, stopped.Token));
        (await ListAsync(10)).Messages.ShouldBe(before);
    }

    [Fact]
    public async Task What_nobody_can_read_is_listed_too()
    {
        await using var connection = await new ConnectionFactory { Uri = fixture.Broker.Uri }.CreateConnectionAsync(Cancellation);
        await using (var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation))
        {
            await channel.BasicPublishAsync("", Queue, "not json"u8.ToArray(), Cancellation);
        }

        await WaitForLettersAsync(1);
        var letter = (await ListAsync(10)).Messages.ShouldHaveSingleItem();
        letter.MessageType.ShouldBeNull();
        letter.SearchId.ShouldBeNull();
        letter.ExceptionType.ShouldNotBeNull();
    }

    [Fact]
    public async Task What_no_handler_is_for_is_listed_too()
    {
        await using var connection = await new ConnectionFactory { Uri = fixture.Broker.Uri }.CreateConnectionAsync(Cancellation);
        await using (var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation))
        {
            const string envelope = """{"messageId": "8d3c0000-0000-0000-0000-00155d000001", "messageType": ["urn:message:Kitchen:WashDishes"], "message": {"searchId": "s"}}""";
            var properties = new BasicProperties { ContentType = "application/vnd.masstransit+json" };
            await channel.BasicPublishAsync("", Queue, mandatory: true, properties, System.Text.Encoding.UTF8.GetBytes(envelope), Cancellation);
        }

        await WaitForLettersAsync(1);
        var letter = (await ListAsync(10)).Messages.ShouldHaveSingleItem();
        letter.MessageType.ShouldBe("WashDishes");
        letter.SearchId.ShouldBe("s");
        letter.Reason.ShouldNotBeNull().ShouldContain("knows no such message");
    }

    private async Task<DeadLetterQueue> ListAsync(int limit) => (await DeadLetters.ListAsync(null, limit, Cancellation)).ShouldHaveSingleItem();

    private async Task SpoilAsync(int loaves)
    {
        for (var loaf = 0; loaf < loaves; loaf++)
        {
            await worker!.Services.GetRequiredService<ICommandSender>().SendAsync(new BakeBread { Loaf = loaf }, Cancellation);
        }

        await WaitForLettersAsync(loaves);
    }

    private async Task WaitForLettersAsync(int count)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await DeadLetters.ListAsync(null, 1, patience.Token) is not [{ } queue] || queue.Total != count)
        {
            await Task.Delay(50, patience.Token);
        }
    }

    public sealed class BrokerFixture : IAsyncLifetime
    {
        public RabbitMqBroker Broker { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Broker = await RabbitMqBroker.StartAsync();

        public ValueTask DisposeAsync() => Broker.DisposeAsync();
    }

    private sealed class Oven
    {
        private readonly SemaphoreSlim baked = new(0);
        private int waitedFor;

        public bool IsBroken { get; set; }

        public ConcurrentQueue<int> Loaves { get; } = [];


        public void Bake(int loaf)
        {
            Loaves.Enqueue(loaf);
            baked.Release();
        }

        public async Task WaitForAsync(int count, CancellationToken cancellation)
        {
            for (; waitedFor < count; waitedFor++)
            {
                (await baked.WaitAsync(TimeSpan.FromSeconds(60), cancellation)).ShouldBeTrue();
            }
        }
    }

    private sealed class Baker(Oven oven) : IMessageHandler<BakeBread>
    {
        public Task HandleAsync(BakeBread message, CancellationToken cancellationToken)
        {
            if (oven.IsBroken)
            {
                throw new IOException("burnt");
            }

            oven.Bake(message.Loaf);
            return Task.CompletedTask;
        }
    }
}
