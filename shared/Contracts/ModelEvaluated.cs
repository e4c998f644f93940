namespace LamdAgent.Contracts;

/// <summary>A step has its scores.</summary>
public sealed record ModelEvaluated
{
    /// <summary>The search.</summary>
    public required string SearchId { get; init; }

    /// <summary>The step; what is to be done stands in the store.</summary>
    public required string StepId { get; init; }

    /// <summary>The model.</summary>
    public required string ModelId { get; init; }
}
