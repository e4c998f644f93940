namespace LamdAgent.Contracts;

/// <summary>Expected failure: the loss became infinite or not a number.</summary>
public sealed record TrainingDiverged
{
    /// <summary>The search.</summary>
    public required string SearchId { get; init; }

    /// <summary>The step; what is to be done stands in the store.</summary>
    public required string StepId { get; init; }

    /// <summary>One line: what is wrong.</summary>
    public required string Reason { get; init; }
}
