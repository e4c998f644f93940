using MassTransit;

namespace LamdAgent.Hosting.Bus;

/// <summary>Sending and publishing, over the bus library.</summary>
internal sealed class MassTransitBus(IBus bus) : ICommandSender, IEventPublisher
{
    public async Task SendAsync<TCommand>(TCommand command, CancellationToken cancellationToken)
        where TCommand : class
    {
        // "exchange:", not "queue:": the library would otherwise declare the queue itself, without our arguments, and the broker would refuse it.
        var scheme = bus.Address.Scheme is "loopback" ? "queue" : "exchange";
        var endpoint = await bus.GetSendEndpoint(new Uri($"{scheme}:{QueueNames.ForCommand<TCommand>()}"));
        await endpoint.Send(command, cancellationToken);
    }

    public Task PublishAsync<TEvent>(TEvent message, CancellationToken cancellationToken)
        where TEvent : class => bus.Publish(message, cancellationToken);
}
