namespace LamdAgent.Contracts;

/// <summary>Command to an evaluator: score the step's model on every task of the search.</summary>
public sealed record EvaluateModel
{
    /// <summary>The search.</summary>
    public required string SearchId { get; init; }

    /// <summary>The step; what is to be done stands in the store.</summary>
    public required string StepId { get; init; }
}
