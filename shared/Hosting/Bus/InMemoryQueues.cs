using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace LamdAgent.Hosting.Bus;

/// <summary>The queues of one process without a broker.</summary>
internal static class InMemoryQueues
{
    public static void Configure(IBusRegistrationContext context, IInMemoryBusFactoryConfigurator bus, IEnumerable<QueueRegistration> queues)
    {
        var options = context.GetRequiredService<IOptions<BusOptions>>().Value;
        foreach (var queue in queues)
        {
            bus.ReceiveEndpoint(queue.Queue, endpoint =>
            {
                endpoint.ConfigureConsumeTopology = queue.BindToType;
                endpoint.ConcurrentMessageLimit = queue.Concurrency;
                endpoint.UseMessageRetry(retry => RetryPolicy.Configure(retry, options));
                endpoint.ConfigureConsumer(context, queue.Consumer);
            });
        }
    }
}
