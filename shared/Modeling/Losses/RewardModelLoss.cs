using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace LamdAgent.Modeling.Losses;

/// <summary>Bradley-Terry loss of a reward model, as TRL's <c>RewardTrainer</c>: <c>mean(-log sigmoid(r_w - r_l - margin)) + c mean((r_w + r_l)^2)</c>.</summary>
public static class RewardModelLoss
{
    /// <summary>The loss of P pairs.</summary>
    /// <param name="chosen">Rewards of the chosen answers, <c>[P]</c>.</param>
    /// <param name="rejected">Rewards of the rejected answers, <c>[P]</c>.</param>
    /// <param name="margin">How much better each chosen answer is said to be, <c>[P]</c>, or null.</param>
    /// <param name="centerCoefficient">c, or null for no centring (arXiv 2312.09244 suggests 0.01).</param>
    public static LossResult Compute(Tensor chosen, Tensor rejected, Tensor? margin, double? centerCoefficient)
    {
        var difference = chosen - rejected;
        var loss = -F.logsigmoid(margin is null ? difference : difference - margin).mean();
        if (centerCoefficient is { } c)
        {
            loss += c * (chosen + rejected).square().mean();
        }

        using var none = no_grad();
        using var scope = NewDisposeScope();
        var all = cat([chosen, rejected]);
        return new LossResult(loss, new Dictionary<string, double>(StringComparer.Ordinal)
        {
            ["min_reward"] = all.min().ToDouble(),
            ["mean_reward"] = all.mean().ToDouble(),
            ["max_reward"] = all.max().ToDouble(),
            ["accuracy"] = chosen.gt(rejected).to(ScalarType.Float64).mean().ToDouble(),
            ["margin"] = difference.mean().ToDouble(),
        });
    }
}
