using LamdAgent.Domain.Recipes;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Losses;

/// <summary>
/// Kahneman-Tversky optimisation (arXiv 2402.01306), as TRL's <c>KTOTrainer</c>: the mean over good and bad answers together. The divergence estimate is the batch mean
/// over mismatched pairs (prompt i with completion i-1), not below 0, without gradient.
/// </summary>
public static class KtoLoss
{
    /// <summary>The loss of R answers.</summary>
    /// <param name="layout">Layout of the answers.</param>
    /// <param name="logps">Policy, <c>[M]</c>.</param>
    /// <param name="refLogps">Reference, <c>[M]</c>.</param>
    /// <param name="desirable">Whether each answer is good.</param>
    /// <param name="klLogRatios">Policy minus reference of the mismatched answers, summed, <c>[R]</c>; not used by apo_zero_unpaired.</param>
    /// <param name="settings">beta, weights, loss type.</param>
    public static LossResult Compute(
        CompletionLayout layout, Tensor logps, Tensor refLogps, IReadOnlyList<bool> desirable, Tensor? klLogRatios, PreferenceSettings settings)
    {
        var beta = settings.Beta;
        var sums = layout.Sum(logps);
        var s = sums - layout.Sum(refLogps);
        var good = tensor(desirable.Select(d => d ? 1.0 : 0.0).ToArray(), dtype: logps.dtype, device: logps.device);
        var kl = klLogRatios is null ? zeros([], dtype: logps.dtype, device: logps.device) : klLogRatios.detach().mean().clamp(min: 0);
        var (goodLoss, badLoss) = settings.LossType[0] switch
        {
            "kto" => (1 - sigmoid(beta * (s - kl)), 1 - sigmoid(beta * (kl - s))),
            "apo_zero_unpaired" => (1 - sigmoid(beta * s), sigmoid(beta * s)),
            var other => throw new ArgumentException($"unknown loss_type '{other}'", nameof(settings)),
        };
        var loss = ((good * settings.DesirableWeight * goodLoss) + ((1 - good) * settings.UndesirableWeight * badLoss)).mean();
        return new LossResult(loss, Metrics(beta, sums, s, desirable, kl));
    }

    private static Dictionary<string, double> Metrics(double beta, Tensor sums, Tensor s, IReadOnlyList<bool> desirable, Tensor kl)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal) { ["kl"] = kl.ToDouble() };
        var rewards = (s * beta).to(ScalarType.Float64).cpu().data<double>().ToArray();
        var logps = sums.to(ScalarType.Float64).cpu().data<double>().ToArray();
        foreach (var (name, side) in ((string, bool)[])[("chosen", true), ("rejected", false)])
        {
            var rows = Enumerable.Range(0, desirable.Count).Where(i => desirable[i] == side).ToList();
            if (rows.Count > 0)
            {
                metrics[$"rewards/{name}"] = rows.Average(i => rewards[i]);
                metrics[$"logps/{name}"] = rows.Average(i => logps[i]);
            }
        }

        if (metrics.TryGetValue("rewards/chosen", out var chosen) && metrics.TryGetValue("rewards/rejected", out var rejected))
        {
            metrics["rewards/margins"] = chosen - rejected;
        }

        return metrics;
    }
}
