using static TorchSharp.torch;

namespace LamdAgent.Modeling.Architectures;

/// <summary>What a pass over a batch gives.</summary>
/// <param name="Hidden">Hidden states after the final norm, [N, D] in the compute dtype.</param>
/// <param name="Head">The output layer that turns them into logits.</param>
public sealed record ModelOutput(Tensor Hidden, OutputHead Head);
