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
        // Messages that no handler is for rest beside those that handlers failed on: one place to look.
        bus.SendTopology.DeadLetterQueueNameFormatter = new ErrorQueueNames();
        bus.SendTopology.ConfigureErrorSettings = SetErrorArguments;
        bus.SendTopology.ConfigureDeadLetterSettings = SetErrorArguments;
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

        // The library starts from the arguments of the queue itself; what the error queue has not must go, or the broker refuses the declaration and the message stays where it fails.
        void SetErrorArguments(IRabbitMqQueueConfigurator errors)
        {
            foreach (var name in Arguments("", options).Keys.Concat(ErrorArguments.Keys))
            {
                errors.SetQueueArgument(name, ErrorArguments.TryGetValue(name, out var value) ? value! : null!);
            }
        }
    }

    /// <summary>The error queues; the bus library declares one with the same arguments when it first needs it.</summary>
    public static IDictionary<string, object?> ErrorArguments { get; } = new Dictionary<string, object?>(StringComparer.Ordinal)
    {
        ["x-queue-type"] = "quorum",
        // Whoever looks at a message has it delivered; from RabbitMQ 4 on a quorum queue drops a message after 20 deliveries unless told otherwise.
        ["x-delivery-limit"] = 1_000_000,
    };

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

    private sealed class ErrorQueueNames : IDeadLetterQueueNameFormatter
    {
        public string FormatDeadLetterQueueName(string queueName) => QueueNames.ErrorsOf(queueName);
    }
}
