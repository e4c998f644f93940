namespace LamdAgent.Domain.Steps;

/// <summary>A step's failure: never a score of 0.</summary>
/// <param name="Kind">What sort.</param>
/// <param name="Reason">One line for people and for the agent.</param>
public sealed record StepFailure(StepFailureKind Kind, string Reason);
