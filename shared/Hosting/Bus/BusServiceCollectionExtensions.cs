using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace LamdAgent.Hosting.Bus;

/// <summary>Adds the bus to a process. Everything that is particular to MassTransit is in this folder.</summary>
public static class BusServiceCollectionExtensions
{
    /// <summary>Adds <see cref="ICommandSender"/>, <see cref="IEventPublisher"/> and the queues that <paramref name="register"/> names.</summary>
    /// <param name="transport">Known when services are composed, since it decides what is registered; the rest comes from <see cref="BusOptions"/>.</param>
    public static IServiceCollection AddBus(this IServiceCollection services, BusTransport transport, Action<BusRegistration> register)
    {
        var registration = new BusRegistration(services);
        register(registration);

        services.AddOptions<BusOptions>()
            .BindConfiguration(BusOptions.Section)
            .PostConfigure(options => options.Transport = transport)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<BusOptions>, BusOptionsValidator>());
        services.AddSingleton<MassTransitBus>();
        services.AddSingleton<ICommandSender>(provider => provider.GetRequiredService<MassTransitBus>());
        services.AddSingleton<IEventPublisher>(provider => provider.GetRequiredService<MassTransitBus>());

        services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry(); // on by default in 8.5: reports to the internet
            foreach (var queue in registration.Queues)
            {
                bus.AddConsumer(queue.Consumer);
            }

            if (transport == BusTransport.InMemory)
            {
                bus.UsingInMemory((context, configurator) => InMemoryQueues.Configure(context, configurator, registration.Queues));
            }
            else
            {
                bus.UsingRabbitMq((context, configurator) => RabbitMqQueues.Configure(context, configurator, registration.Queues));
            }
        });
        string[] queues = [.. registration.Queues.Where(queue => !queue.BindToType).Select(queue => queue.Queue).Union(registration.SentCommands)];
        if (transport == BusTransport.RabbitMq)
        {
            services.AddSingleton<IDeadLetters>(provider => new RabbitMqDeadLetters(
                provider.GetRequiredService<IOptions<BusOptions>>(), registration.Queues.Select(queue => queue.Queue).Concat(registration.SentCommands)));
        }

        services.AddHostedService(provider => new CommandQueueDeclaration(provider.GetRequiredService<IOptions<BusOptions>>(), queues));

        services.AddOptions<MassTransitHostOptions>().Configure<IOptions<BusOptions>>((host, options) =>
        {
            host.WaitUntilStarted = true; // otherwise messages sent right after start are dropped without an error
            host.StopTimeout = options.Value.StopTimeout;
        });
        return services;
    }
}
