using static TorchSharp.torch;

namespace LamdAgent.Modeling.Losses;

/// <summary>A loss to differentiate and what is to be logged beside it.</summary>
/// <param name="Loss">A scalar with gradient.</param>
/// <param name="Metrics">TRL's metric names. A metric that has no value in this batch (no rejected answer, say) is absent.</param>
public sealed record LossResult(Tensor Loss, IReadOnlyDictionary<string, double> Metrics);
