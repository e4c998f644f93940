using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Losses;

/// <summary>
/// Proximal policy optimisation (arXiv 1707.06347) with generalised advantages (1506.02438), as TRL's <c>PPOTrainer</c>. Positions after an answer's last token are padding;
/// the value head is read one place further. Advantages run over the whole padded row, as in TRL.
/// </summary>
public static class PpoLoss
{
    private const double PaddedLogp = 1.0;

    /// <summary>Mean over the places where the mask is 1.</summary>
    public static Tensor MaskedMean(Tensor values, Tensor mask) => (values * mask).sum() / mask.sum();

    /// <summary>Variance over the places where the mask is 1, unbiased (n - 1).</summary>
    public static Tensor MaskedVariance(Tensor values, Tensor mask)
    {
        var count = mask.sum();
        var centred = values - MaskedMean(values, mask);
        return MaskedMean(centred.square(), mask) * (count / (count - 1));
    }

    /// <summary>Values with mean 0 (or their own, when <paramref name="keepMean"/>) and variance 1 over the mask.</summary>
    public static Tensor Whiten(Tensor values, Tensor mask, bool keepMean = false)
    {
        var mean = MaskedMean(values, mask);
        var whitened = (values - mean) * (MaskedVariance(values, mask) + 1e-8).rsqrt();
        return keepMean ? whitened + mean : whitened;
    }

    /// <summary>Rewards, returns and advantages of a batch.</summary>
    /// <param name="oldLogps">Policy when generating, <c>[B, T]</c>.</param>
    /// <param name="refLogps">Reference, <c>[B, T]</c>.</param>
    /// <param name="values">Value head when generating, <c>[B, T]</c>.</param>
    /// <param name="scores">Reward of each answer.</param>
    /// <param name="lastTokenIndex">0-based place of each answer's last token.</param>
    /// <param name="settings">PPO's parameters.</param>
    public static PpoRollout Prepare(
        Tensor oldLogps, Tensor refLogps, Tensor values, IReadOnlyList<double> scores, IReadOnlyList<int> lastTokenIndex, PpoSettings settings)
    {
        using var none = no_grad();
        var rows = (int)oldLogps.shape[0];
        var length = (int)oldLogps.shape[1];
        var places = arange(length, dtype: ScalarType.Int64, device: oldLogps.device).unsqueeze(0);
        var last = tensor(lastTokenIndex.Select(l => (long)l).ToArray(), device: oldLogps.device).unsqueeze(1);
        var padding = places.gt(last);
        var valuePadding = places.gt(last + 1);
        var old = oldLogps.masked_fill(padding, PaddedLogp);
        var reference = refLogps.masked_fill(padding, PaddedLogp);
        var paddedValues = values.masked_fill(valuePadding, 0);

        var logRatio = reference - old;
        var kl = settings.KlEstimator == "k1" ? -logRatio : logRatio.exp() - 1 - logRatio;
        var nonScore = -settings.KlCoef * kl;
        var rewards = nonScore.clone();
        for (var row = 0; row < rows; row++)
        {
            var end = lastTokenIndex[row] + 1 < length ? lastTokenIndex[row] + 1 : lastTokenIndex[row];
            rewards[row, end] = rewards[row, end] + scores[row];
        }

        if (settings.WhitenRewards)
        {
            rewards = Whiten(rewards, (~valuePadding).to(rewards.dtype), keepMean: true).masked_fill(valuePadding, 0);
        }

        var columns = new Tensor[length];
        var running = zeros(rows, dtype: old.dtype, device: old.device);
        for (var t = length - 1; t >= 0; t--)
        {
            var next = t < length - 1 ? paddedValues[TensorIndex.Colon, t + 1] : zeros_like(running);
            var delta = rewards[TensorIndex.Colon, t] + (settings.Gamma * next) - paddedValues[TensorIndex.Colon, t];
            running = delta + (settings.Gamma * settings.Lam * running);
            columns[t] = running;
        }

        var advantages = stack(columns, 1);
        var returns = advantages + paddedValues;
        var whitened = Whiten(advantages, (~padding).to(advantages.dtype)).masked_fill(padding, 0);
        return new PpoRollout(old, paddedValues, rewards, nonScore, returns, whitened, padding, valuePadding, kl.sum(1).mean().ToDouble());
    }

    /// <summary>Policy and value loss of one mini-batch.</summary>
    /// <param name="rollout">See <see cref="Prepare"/>.</param>
    /// <param name="newLogps">Policy now, <c>[B, T]</c>, with gradient.</param>
    /// <param name="newValues">Value head now, <c>[B, T]</c>, with gradient.</param>
    /// <param name="settings">PPO's parameters.</param>
    public static LossResult Compute(PpoRollout rollout, Tensor newLogps, Tensor newValues, PpoSettings settings)
    {
        var kept = (~rollout.Padding).to(newLogps.dtype);
        var keptValues = (~rollout.ValuePadding).to(newLogps.dtype);
        var logps = newLogps.masked_fill(rollout.Padding, PaddedLogp);
        var values = newValues.masked_fill(rollout.ValuePadding, 0);

        var clippedValues = minimum(maximum(values, rollout.Values - settings.CliprangeValue), rollout.Values + settings.CliprangeValue);
        var valueLosses = (values - rollout.Returns).square();
        var clippedValueLosses = (clippedValues - rollout.Returns).square();
        var valueLoss = 0.5 * MaskedMean(maximum(valueLosses, clippedValueLosses), keptValues);

        var difference = logps - rollout.OldLogps;
        var ratio = difference.exp();
        var policyLosses = -rollout.Advantages * ratio;
        var clippedPolicyLosses = -rollout.Advantages * ratio.clamp(1 - settings.Cliprange, 1 + settings.Cliprange);
        var policyLoss = MaskedMean(maximum(policyLosses, clippedPolicyLosses), kept);
        var loss = policyLoss + (settings.VfCoef * valueLoss);

        using var none = no_grad();
        using var scope = NewDisposeScope();
        return new LossResult(loss, new Dictionary<string, double>(StringComparer.Ordinal)
        {
            ["pg_loss"] = policyLoss.ToDouble(),
            ["vf_loss"] = valueLoss.ToDouble(),
            ["pg_clipfrac"] = MaskedMean(clippedPolicyLosses.gt(policyLosses).to(kept.dtype), kept).ToDouble(),
            ["vf_clipfrac"] = MaskedMean(clippedValueLosses.gt(valueLosses).to(kept.dtype), keptValues).ToDouble(),
            ["approxkl"] = (0.5 * difference.square().mean()).ToDouble(),
        });
    }
}
