namespace LamdAgent.Hosting.Bus;

/// <summary>The messages in the error queues of the queues that this process consumes or sends to. Looking changes nothing; a retry never loses a message, whenever it is cut off.</summary>
public interface IDeadLetters
{
    /// <summary>The queues whose dead letters are known here, in ordinal order.</summary>
    IReadOnlyList<string> Queues { get; }

    /// <summary>The dead letters; queues without any are left out. While they are looked at, nobody else sees them.</summary>
    /// <param name="queue">Only of this queue; null: of all.</param>
    /// <param name="limit">So many of each queue.</param>
    /// <param name="cancellation">Ends the looking.</param>
    Task<IReadOnlyList<DeadLetterQueue>> ListAsync(string? queue, int limit, CancellationToken cancellation);

    /// <summary>Puts dead letters back into their queues, as they were first sent; those that come in meanwhile stay.</summary>
    /// <param name="queue">Only of this queue; null: of all.</param>
    /// <param name="messageId">Only this message; null: all.</param>
    /// <param name="cancellation">Ends the moving; what was not moved stays where it is.</param>
    /// <returns>How many were put back.</returns>
    Task<int> RetryAsync(string? queue, string? messageId, CancellationToken cancellation);
}
