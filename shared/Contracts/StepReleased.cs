namespace LamdAgent.Contracts;

/// <summary>A worker gave a step back unfinished, so that another may go on with it.</summary>
public sealed record StepReleased
{
    /// <summary>The search.</summary>
    public required string SearchId { get; init; }

    /// <summary>The step; what is to be done stands in the store.</summary>
    public required string StepId { get; init; }
}
