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
                foreach (var (name, value) in Arguments(queue.Queue, options))
                {
                    endpoint.SetQueueArgument(name, value!);
                }

                endpoint.UseMessageRetry(retry => RetryPolicy.Configure(retry, options));
                endpoint.ConfigureConsumer(context, queue.Consumer);
            });
        }
    }

    /// <summary>The error queues, as the bus library declares them when it first needs one.</summary>
    public static IDictionary<string, object?> ErrorArguments { get; } = new Dictionary<string, object?>(StringComparer.Ordinal) { ["x-queue-type"] = "quorum" };

    /// <summary>What makes a queue what it is; whoever declares it first and whoever comes later must say the same.</summary>
    public static IDictionary<string, object?> Arguments(string queue, BusOptions options) => new Dictionary<string, object?>(StringComparer.Ordinal)
    {
        ["x-queue-type"] = "quorum",
        ["x-delivery-limit"] = options.DeliveryLimit,
        // Without a dead-letter target the broker drops what exceeds the limit.
        ["x-dead-letter-exchange"] = "",
        ["x-dead-letter-routing-key"] = QueueNames.ErrorsOf(queue),
        // Known from RabbitMQ 3.12 on, ignored before.
        ["x-consumer-timeout"] = (long)options.DeliveryTimeout.TotalMilliseconds,
    };
}
