namespace LamdAgent.Hosting.Bus;

/// <summary>Sends a command to the one queue that is named after it (<see cref="QueueNames.ForCommand"/>).</summary>
public interface ICommandSender
{
    /// <summary>Returns when the broker has the command. State is written before, so that a lost command can be sent again by the sweeper.</summary>
    Task SendAsync<TCommand>(TCommand command, CancellationToken cancellationToken)
        where TCommand : class;
}
