namespace LamdAgent.Contracts;

/// <summary>Command to a trainer: make the step's model by training.</summary>
public sealed record TrainModel
{
    /// <summary>The search.</summary>
    public required string SearchId { get; init; }

    /// <summary>The step; what is to be done stands in the store.</summary>
    public required string StepId { get; init; }
}
