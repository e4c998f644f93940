using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Losses;

/// <summary>REINFORCE leave-one-out (arXiv 2402.14740) as TRL's <c>RLOOTrainer</c>: PPO's clipped objective on the ratio of whole answers.</summary>
public static class RlooLoss
{
    /// <summary>The loss of R answers.</summary>
    /// <param name="layout">Layout of the answers.</param>
    /// <param name="logps">Policy, <c>[M]</c>, with gradient.</param>
    /// <param name="oldLogps">When they were generated, <c>[M]</c>; null: those of now.</param>
    /// <param name="advantages"><c>[R]</c>, see <see cref="GroupAdvantages.LeaveOneOut"/>.</param>
    /// <param name="epsilon">Clip below 1.</param>
    /// <param name="epsilonHigh">Clip above 1; null: as below.</param>
    /// <param name="mask">1 where a token counts, <c>[M]</c>; null: all.</param>
    public static LossResult Compute(
        CompletionLayout layout, Tensor logps, Tensor? oldLogps, Tensor advantages, double epsilon, double? epsilonHigh, Tensor? mask = null)
    {
        var difference = logps - (oldLogps ?? logps.detach());
        var ratio = layout.Sum(mask is null ? difference : difference * mask).exp();
        var high = epsilonHigh ?? epsilon;
        var loss = -minimum(ratio * advantages, ratio.clamp(1 - epsilon, 1 + high) * advantages).mean();
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var low = ratio.lt(1 - epsilon).logical_and(advantages.lt(0)).to(ScalarType.Float64);
        var above = ratio.gt(1 + high).logical_and(advantages.gt(0)).to(ScalarType.Float64);
        return new LossResult(loss, new Dictionary<string, double>(StringComparer.Ordinal)
        {
            ["clip_ratio/low_mean"] = low.mean().ToDouble(),
            ["clip_ratio/low_min"] = low.min().ToDouble(),
            ["clip_ratio/high_mean"] = above.mean().ToDouble(),
            ["clip_ratio/high_max"] = above.max().ToDouble(),
            ["clip_ratio/region_mean"] = (low + above).mean().ToDouble(),
        });
    }
}
