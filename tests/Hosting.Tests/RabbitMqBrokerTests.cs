using LamdAgent.TestKit;
using RabbitMQ.Client;

namespace LamdAgent.Hosting.Tests;

public sealed class RabbitMqBrokerTests
{
    [Fact]
    public async Task Persistent_messages_outlive_a_restart_of_the_broker()
    {
        await using var broker = await RabbitMqBroker.StartAsync();
        var factory = new ConnectionFactory { Uri = broker.Uri };
        await using (var connection = await factory.CreateConnectionAsync())
        await using (var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true)))
        {
            await channel.QueueDeclareAsync("q", durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?>(StringComparer.Ordinal) { ["x-queue-type"] = "quorum" });
            await channel.BasicPublishAsync("", "q", mandatory: true, new BasicProperties { Persistent = true }, new byte[] { 42 });
        }

        await broker.StopAsync();
        await broker.StartAgainAsync();
        await using (var connection = await factory.CreateConnectionAsync())
        await using (var channel = await connection.CreateChannelAsync())
        {
            BasicGetResult? message = null;
            for (var attempt = 0; attempt < 50 && message is null; attempt++)
            {
                message = await channel.BasicGetAsync("q", autoAck: true); // a quorum queue elects its leader first
                await Task.Delay(100);
            }

            message!.Body.ToArray().ShouldBe([42]);
        }
    }
}
