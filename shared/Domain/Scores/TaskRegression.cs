namespace LamdAgent.Domain.Scores;

/// <summary>A loss beyond the limit.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="Loss">Score of the base less score of the model, in the task's units.</param>
/// <param name="Limit">What was allowed.</param>
public sealed record TaskRegression(string TaskId, double Loss, double Limit);
