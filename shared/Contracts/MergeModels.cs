namespace LamdAgent.Contracts;

/// <summary>Command to a merger: make the step's model by merging.</summary>
public sealed record MergeModels
{
    /// <summary>The search.</summary>
    public required string SearchId { get; init; }

    /// <summary>The step; what is to be done stands in the store.</summary>
    public required string StepId { get; init; }
}
