namespace LamdAgent.Hosting.Bus;

/// <summary>Publishes an event to whoever subscribed. Events are hints that the store changed; nobody may depend on getting one.</summary>
public interface IEventPublisher
{
    /// <summary>Returns when the broker has the event.</summary>
    Task PublishAsync<TEvent>(TEvent message, CancellationToken cancellationToken)
        where TEvent : class;
}
