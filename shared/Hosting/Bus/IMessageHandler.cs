namespace LamdAgent.Hosting.Bus;

/// <summary>
/// Takes one kind of message. The only thing a service knows of the bus when it receives: the transport, retries and queues are set where the
/// handler is registered (<see cref="BusRegistration"/>). A returned task means "dealt with": the message is gone. An exception means "try again by
/// policy", and after that the message rests in the queue's <c>_error</c> queue. Expected failures are results, never exceptions.
/// </summary>
/// <typeparam name="TMessage">A record of <c>LamdAgent.Contracts</c>.</typeparam>
public interface IMessageHandler<in TMessage>
    where TMessage : class
{
    /// <summary>Deals with one message. It may come twice, late and out of order: the store decides what is still to be done.</summary>
    Task HandleAsync(TMessage message, CancellationToken cancellationToken);
}
