namespace LamdAgent.Modeling.Training;

/// <summary>What a micro-batch gave.</summary>
/// <param name="Loss">Its part of the step's loss, already divided.</param>
/// <param name="Tokens">Tokens computed.</param>
/// <param name="Metrics">Means to be logged.</param>
/// <param name="Weight">What these means count beside those of other parts of the micro-batch, where memory lets only parts be computed.</param>
internal sealed record MicroBatchOutcome(double Loss, long Tokens, IReadOnlyDictionary<string, double> Metrics, double Weight);
