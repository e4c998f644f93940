namespace LamdAgent.Hosting.Bus;

/// <summary>The dead letters of one queue.</summary>
/// <param name="Queue">The queue they were for.</param>
/// <param name="Total">How many there are.</param>
/// <param name="Messages">All of them or so many as were asked for, oldest first.</param>
public sealed record DeadLetterQueue(string Queue, int Total, IReadOnlyList<DeadLetter> Messages);
