using LamdAgent.Domain.Recipes;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Losses;

/// <summary>
/// The GRPO family as TRL's <c>GRPOTrainer._compute_loss</c> (commit f2cd57710ae3): grpo, bnpo, dr_grpo, dapo, luspo, cispo, sapo, vespo, gmpo, with token or sequence
/// ratios (GSPO, arXiv 2507.18071). Order: clipped term, off-policy mask, entropy mask, sampler correction, then the KL term, which none of the masks touches.
/// </summary>
public static class GrpoLoss
{
    /// <summary>The loss of R answers.</summary>
    /// <param name="logps">Policy, <c>[M]</c>, with gradient.</param>
    /// <param name="batch">Everything else.</param>
    /// <param name="settings">Loss type and its parameters.</param>
    public static LossResult Compute(Tensor logps, GrpoBatch batch, ReinforcementSettings settings)
    {
        var layout = batch.Layout;
        var mask = batch.Mask ?? ones_like(logps);
        var tokens = layout.Sum(mask);
        var perRow = tokens.clamp(min: 1);
        var advantages = layout.Spread(batch.Advantages);
        var old = batch.OldLogps ?? logps.detach();
        var logRatio = logps - old;
        var weights = settings.ImportanceSamplingLevel switch
        {
            "token" => logRatio,
            "sequence" => layout.Spread(layout.Sum(logRatio * mask) / perRow),
            "sequence_token" => layout.Spread(layout.Sum(logRatio * mask) / perRow).detach() + logps - logps.detach(),
            var other => throw new ArgumentException($"unknown importance_sampling_level '{other}'", nameof(settings)),
        };
        var ratio = weights.exp();
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal);
        var kl = batch.RefLogps is { } reference && settings.Beta != 0 ? (reference - logps).exp() - (reference - logps) - 1 : null;
        if (kl is not null && settings.UseBiasCorrectionKl)
        {
            kl *= ratio;
        }

        var loss = settings.LossType == "gmpo"
            ? GeometricMean(layout, logRatio, mask, perRow, batch, settings, kl) / batch.GradientAccumulationSteps
            : Aggregate(PerToken(logps, ratio, logRatio, old, mask, perRow, advantages, batch, settings, kl), mask, tokens, batch, settings.LossType);
        AddEntropy(ref loss, mask, batch, settings, metrics);
        var vespoWeights = settings.LossType == "vespo" ? VespoWeights(layout, logRatio, mask, batch.Advantages, settings) : null;
        AddMetrics(metrics, settings, layout, ratio, mask, perRow, advantages, kl, vespoWeights);
        return new LossResult(loss, metrics);
    }

    private static Tensor PerToken(
        Tensor logps, Tensor ratio, Tensor logRatio, Tensor old, Tensor mask, Tensor perRow, Tensor advantages, GrpoBatch batch, ReinforcementSettings settings, Tensor? kl)
    {
        var layout = batch.Layout;
        var high = settings.EpsilonHigh ?? settings.Epsilon;
        var loss = settings.LossType switch
        {
            "cispo" => -ratio.clamp(max: high).detach() * advantages * logps, // arXiv 2506.13585: epsilon_high is the cap itself
            "sapo" => SoftGate(ratio, advantages, settings), // arXiv 2511.20347
            "vespo" => -layout.Spread(VespoWeights(layout, logRatio, mask, batch.Advantages, settings)) * advantages * logps, // arXiv 2602.10693
            "grpo" or "bnpo" or "dr_grpo" or "dapo" or "luspo" => -minimum(
                (settings.Delta is { } delta ? ratio.clamp(max: delta) : ratio) * advantages,
                ratio.clamp(1 - settings.Epsilon, 1 + high) * advantages),
            var other => throw new ArgumentException($"unknown loss_type '{other}'", nameof(settings)),
        };
        if (settings.OffPolicyMaskThreshold is { } threshold)
        {
            var drift = layout.Sum((old - logps.detach()) * mask) / perRow;
            var keep = ~batch.Advantages.lt(0).logical_and(drift.gt(threshold));
            loss *= layout.Spread(keep.to(loss.dtype));
        }

        if (settings.TopEntropyQuantile < 1)
        {
            loss *= EntropyMask(batch.Entropies!, mask, 1 - settings.TopEntropyQuantile);
        }

        if (batch.ImportanceSamplingRatio is { } correction)
        {
            loss *= correction;
        }

        return kl is null ? loss : loss + (settings.Beta * kl);
    }

    private static Tensor Aggregate(Tensor perToken, Tensor mask, Tensor tokens, GrpoBatch batch, string lossType)
    {
        var layout = batch.Layout;
        var g = batch.GradientAccumulationSteps;
        var masked = perToken * mask;
        return lossType switch
        {
            "grpo" or "sapo" => (layout.Sum(masked) / tokens.clamp(min: 1)).mean() / g,
            "bnpo" => masked.sum() / mask.sum().clamp(min: 1) / g,
            "dr_grpo" => masked.sum() / ((double)layout.Count * batch.MaxCompletionLength) / g,
            "dapo" or "cispo" or "vespo" => masked.sum() / batch.NumItemsInBatch,
            "luspo" => (layout.Mean(perToken) * tokens).mean() / g,
            _ => throw new ArgumentException($"unknown loss_type '{lossType}'", nameof(lossType)),
        };
    }

    // sigma(tau (r - 1)) * 4 / tau instead of a hard clip; a little sharper where the advantage is not positive.
    private static Tensor SoftGate(Tensor ratio, Tensor advantages, ReinforcementSettings settings)
    {
        var positive = advantages.gt(0).to(ratio.dtype);
        var tau = (positive * settings.SapoTemperaturePos) + ((1 - positive) * settings.SapoTemperatureNeg);
        return -advantages * (4 / tau) * sigmoid(tau * (ratio - 1));
    }

    private static Tensor VespoWeights(CompletionLayout layout, Tensor logRatio, Tensor mask, Tensor advantages, ReinforcementSettings settings)
    {
        var logW = layout.Sum(logRatio.detach().clamp(-20, 20) * mask).clamp(Math.Log(1e-8), 20);
        var positive = advantages.ge(0).to(logW.dtype);
        var k = (positive * settings.VespoKPos) + ((1 - positive) * settings.VespoKNeg);
        var lambda = (positive * settings.VespoLambdaPos) + ((1 - positive) * settings.VespoLambdaNeg);
        return (lambda + (k * logW) - (lambda * logW.exp())).exp();
    }

    // GMPO (arXiv 2507.20673): the geometric mean of clipped ratios, clipped in log space.
    private static Tensor GeometricMean(
        CompletionLayout layout, Tensor logRatio, Tensor mask, Tensor perRow, GrpoBatch batch, ReinforcementSettings settings, Tensor? kl)
    {
        var clipped = logRatio.clamp(-settings.Epsilon, settings.EpsilonHigh ?? settings.Epsilon);
        var positive = layout.Spread(batch.Advantages.gt(0).to(logRatio.dtype));
        var chosen = (positive * minimum(logRatio, clipped)) + ((1 - positive) * maximum(logRatio, clipped));
        var perSequence = -batch.Advantages * (layout.Sum(chosen * mask) / perRow).exp();
        if (kl is not null)
        {
            perSequence += settings.Beta * (layout.Sum(kl * mask) / perRow);
        }

        return perSequence.mean();
    }

    private static Tensor EntropyMask(Tensor entropies, Tensor mask, double quantile)
    {
        using var none = no_grad();
        var valid = entropies[mask.gt(0)].to(ScalarType.Float64).sort().Values;
        var place = quantile * (valid.numel() - 1);
        var low = (long)Math.Floor(place);
        var high = Math.Min(low + 1, valid.numel() - 1);
        var threshold = valid[low].ToDouble() + ((place - low) * (valid[high].ToDouble() - valid[low].ToDouble()));
        return entropies.ge(threshold).to(entropies.dtype) * mask.gt(0).to(entropies.dtype);
    }

    private static void AddEntropy(ref Tensor loss, Tensor mask, GrpoBatch batch, ReinforcementSettings settings, Dictionary<string, double> metrics)
    {
        if (batch.Entropies is not { } entropies)
        {
            return;
        }

        var mean = (entropies * mask).sum() / mask.sum().clamp(min: 1);
        metrics["entropy"] = mean.detach().ToDouble();
        if (settings.EntropyCoef == 0)
        {
            return;
        }

        metrics["policy_loss"] = loss.detach().ToDouble();
        metrics["entropy_coef"] = settings.EntropyCoef;
        var bonus = settings.LossType is "dapo" or "cispo" or "vespo"
            ? (entropies * mask).sum() / batch.NumItemsInBatch
            : mean / batch.GradientAccumulationSteps;
        loss -= settings.EntropyCoef * bonus;
    }

    private static void AddMetrics(
        Dictionary<string, double> metrics, ReinforcementSettings settings, CompletionLayout layout, Tensor ratio, Tensor mask, Tensor perRow, Tensor advantages, Tensor? kl, Tensor? vespoWeights)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var total = mask.sum().clamp(min: 1);
        if (kl is not null)
        {
            metrics["kl"] = ((kl * mask).sum() / total).ToDouble();
        }

        switch (settings.LossType)
        {
            case "sapo":
                return;
            case "vespo":
                metrics["vespo/phi_seq_mean"] = vespoWeights!.mean().ToDouble();
                return;
            case "cispo":
                var capped = ratio.gt(settings.EpsilonHigh ?? settings.Epsilon).logical_and(advantages.gt(0)).to(mask.dtype) * mask;
                metrics["cispo_clip_ratio"] = (capped.sum() / total).ToDouble();
                return;
        }

        // gmpo clips log-ratios, the others ratios around 1, which delta has bounded before.
        var (value, centre) = settings.LossType == "gmpo" ? (ratio.log(), 0) : (settings.Delta is { } delta ? ratio.clamp(max: delta) : ratio, 1);
        var low = value.lt(centre - settings.Epsilon).logical_and(advantages.lt(0)).to(mask.dtype) * mask;
        var high = value.gt(centre + (settings.EpsilonHigh ?? settings.Epsilon)).logical_and(advantages.gt(0)).to(mask.dtype) * mask;
        var (lowPerRow, highPerRow) = (layout.Sum(low) / perRow, layout.Sum(high) / perRow);

        // A sequence has one ratio, so the shares are of sequences there.
        var perSequence = settings.ImportanceSamplingLevel == "sequence";
        metrics["clip_ratio/low_mean"] = (perSequence ? lowPerRow.mean() : low.sum() / total).ToDouble();
        metrics["clip_ratio/high_mean"] = (perSequence ? highPerRow.mean() : high.sum() / total).ToDouble();
        metrics["clip_ratio/region_mean"] = metrics["clip_ratio/low_mean"] + metrics["clip_ratio/high_mean"];
        metrics["clip_ratio/low_min"] = lowPerRow.min().ToDouble();
        metrics["clip_ratio/high_max"] = highPerRow.max().ToDouble();
    }
}
