using static TorchSharp.torch;

namespace LamdAgent.Modeling.Losses;

/// <summary>What PPO derives from a batch of answers before it trains on them; all <c>[B, T]</c>.</summary>
/// <param name="OldLogps">Log-probabilities when generated, 1 at padding.</param>
/// <param name="Values">Values when generated, 0 at value padding.</param>
/// <param name="TokenRewards">Divergence penalty per token, score added at the end.</param>
/// <param name="NonScoreReward">The divergence penalty alone.</param>
/// <param name="Returns">Advantages before whitening plus values.</param>
/// <param name="Advantages">Whitened advantages, 0 at padding.</param>
/// <param name="Padding">True after the last token.</param>
/// <param name="ValuePadding">True one place later.</param>
/// <param name="MeanKl">Mean over answers of the summed divergence.</param>
public sealed record PpoRollout(
    Tensor OldLogps,
    Tensor Values,
    Tensor TokenRewards,
    Tensor NonScoreReward,
    Tensor Returns,
    Tensor Advantages,
    Tensor Padding,
    Tensor ValuePadding,
    double MeanKl);
