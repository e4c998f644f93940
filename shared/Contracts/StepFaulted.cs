namespace LamdAgent.Contracts;

/// <summary>A step was given up after its last attempt met something unexpected.</summary>
public sealed record StepFaulted
{
    /// <summary>The search.</summary>
    public required string SearchId { get; init; }

    /// <summary>The step; what is to be done stands in the store.</summary>
    public required string StepId { get; init; }

    /// <summary>One line: what is wrong.</summary>
    public required string Reason { get; init; }
}
