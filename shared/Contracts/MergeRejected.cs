namespace LamdAgent.Contracts;

/// <summary>Expected failure: these models cannot be merged this way.</summary>
public sealed record MergeRejected
{
    /// <summary>The search.</summary>
    public required string SearchId { get; init; }

    /// <summary>The step; what is to be done stands in the store.</summary>
    public required string StepId { get; init; }

    /// <summary>One line: what is wrong.</summary>
    public required string Reason { get; init; }
}
