using System.Collections.Concurrent;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace LamdAgent.Integration.Tests.Support;

/// <summary>
/// A bad network between senders and queues: it stands between the exchange and the queue of every kind of message, keeps each message for a while and hands it on twice, at times of its own choosing.
/// </summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly IConnection connection;
    private readonly IChannel channel;
    private readonly Random random;
    private readonly SemaphoreSlim publishing = new(1, 1);
    private readonly ConcurrentBag<Task> copies = [];
    private int received;
    private int newest;
    private int overtaken;

    private Relay(IConnection connection, IChannel channel, int seed) => (this.connection, this.channel, random) = (connection, channel, new Random(seed));

    /// <summary>Messages taken, by queue.</summary>
    public ConcurrentDictionary<string, int> Received { get; } = new(StringComparer.Ordinal);

    /// <summary>Copies handed on after a message that had come later.</summary>
    public int Overtaken => Volatile.Read(ref overtaken);

    /// <summary>Takes its place. The services must have made their queues.</summary>
    public static async Task<Relay> PlaceAsync(Uri bus, IEnumerable<string> queues, int seed)
    {
        var toBroker = await new ConnectionFactory { Uri = bus }.CreateConnectionAsync();
        var relay = new Relay(toBroker, await toBroker.CreateChannelAsync(), seed);
        foreach (var queue in queues)
        {
            var own = $"relay-{queue}";
            await relay.channel.QueueDeclareAsync(own, durable: true, exclusive: false, autoDelete: false);
            await relay.channel.QueueBindAsync(own, exchange: queue, routingKey: "");
            await relay.channel.QueueUnbindAsync(queue, exchange: queue, routingKey: "");
            var consumer = new AsyncEventingBasicConsumer(relay.channel);
            consumer.ReceivedAsync += (_, delivery) => relay.TakeAsync(queue, delivery);
            await relay.channel.BasicConsumeAsync(own, autoAck: true, consumer);
        }

        return relay;
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(copies);
        await channel.DisposeAsync();
        await connection.DisposeAsync();
        publishing.Dispose();
    }

    // Deliveries of one channel come one after the other, so the draws follow the order of arrival.
    private Task TakeAsync(string queue, BasicDeliverEventArgs delivery)
    {
        Received.AddOrUpdate(queue, 1, (_, count) => count + 1);
        var number = ++received;
        var properties = new BasicProperties(delivery.BasicProperties);
        var body = delivery.Body.ToArray();
        copies.Add(HandOnAsync(queue, number, properties, body, TimeSpan.FromSeconds(0.6 * random.NextDouble())));
        copies.Add(HandOnAsync(queue, number, properties, body, TimeSpan.FromSeconds(3 * random.NextDouble())));
        return Task.CompletedTask;
    }

    private async Task HandOnAsync(string queue, int number, BasicProperties properties, byte[] body, TimeSpan delay)
    {
        await Task.Delay(delay);
        await publishing.WaitAsync();
        try
        {
            if (number < newest)
            {
                overtaken++;
            }

            newest = Math.Max(newest, number);
            await channel.BasicPublishAsync("", queue, mandatory: true, properties, body);
        }
        finally
        {
            publishing.Release();
        }
    }
}
