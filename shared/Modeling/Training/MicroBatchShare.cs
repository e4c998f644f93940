namespace LamdAgent.Modeling.Training;

/// <summary>What a micro-batch must know about its optimizer step to count right.</summary>
/// <param name="StepItems">Trainable tokens of the whole step: token losses divide by it.</param>
/// <param name="MeanShare">What a mean over this micro-batch's rows counts in the step; the shares of a step add up to 1.</param>
/// <param name="MicroBatch">All rows of the micro-batch as the recipe says, where memory lets only a part of it be computed at once: for losses that look across rows.</param>
internal readonly record struct MicroBatchShare(double StepItems, double MeanShare, IReadOnlyList<int> MicroBatch);
