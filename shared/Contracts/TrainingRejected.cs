namespace LamdAgent.Contracts;

/// <summary>Expected failure: the trainer refused the step's recipe or data.</summary>
public sealed record TrainingRejected
{
    /// <summary>The search.</summary>
    public required string SearchId { get; init; }

    /// <summary>The step; what is to be done stands in the store.</summary>
    public required string StepId { get; init; }

    /// <summary>One line: what is wrong.</summary>
    public required string Reason { get; init; }
}
