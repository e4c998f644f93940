using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace LamdAgent.Hosting.Bus;

/// <summary>The queues on RabbitMQ: durable, replicated (quorum), with a delivery limit and a place for what exceeds it.</summary>
internal static class RabbitMqQueues
{
    public static void Configure(IBusRegistrationContext context, IRabbitMqBusFactoryConfigurator bus, IEnumerable<QueueRegistration> queues)
    {
        var options = context.GetRequiredService<IOptions<BusOptions>>().Value;
        bus.Host(new Uri(options.Url));
        foreach (var queue in queues)
        {
            bus.ReceiveEndpoint(queue.Queue, endpoint =>
            {
                endpoint.ConfigureConsumeTopology = queue.BindToType;
                endpoint.PrefetchCount = queue.Concurrency;
                endpoint.ConcurrentMessageLimit = queue.Concurrency;
                endpoint.SetQuorumQueue();
                endpoint.SetQueueArgument("x-delivery-limit", options.DeliveryLimit);
                // Without a dead-letter target the broker drops what exceeds the limit.
                endpoint.SetQueueArgument("x-dead-letter-exchange", "");
                endpoint.SetQueueArgument("x-dead-letter-routing-key", QueueNames.ErrorsOf(queue.Queue));
                endpoint.SetDeliveryAcknowledgementTimeout(options.DeliveryTimeout);
                endpoint.UseMessageRetry(retry => RetryPolicy.Configure(retry, options));
                endpoint.ConfigureConsumer(context, queue.Consumer);
            });
        }
    }
}
