namespace LamdAgent.Domain.Searches;

/// <summary>Whether a search goes on.</summary>
public enum SearchStatus
{
    /// <summary>Steps are planned and dispatched.</summary>
    Running,

    /// <summary>What was claimed may end; nothing new is planned or dispatched.</summary>
    Paused,

    /// <summary>Over: every planned step has ended and the test was read.</summary>
    Completed,

    /// <summary>Ended by request.</summary>
    Cancelled,

    /// <summary>Ended because it cannot go on (the base cannot be scored, for instance).</summary>
    Failed,
}
