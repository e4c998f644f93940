namespace LamdAgent.Modeling.Training;

/// <summary>Where a training stands.</summary>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="TotalSteps">Steps in all.</param>
/// <param name="Loss">Loss of the last step; NaN before the first.</param>
/// <param name="TokensPerSecond">Speed of this process so far.</param>
/// <param name="Remaining">Estimated time left.</param>
/// <param name="Message">Something worth telling a person (a lowered batch size, a resumed checkpoint), or null.</param>
public sealed record TrainingProgress(int Step, int TotalSteps, double Loss, double TokensPerSecond, TimeSpan Remaining, string? Message = null);
