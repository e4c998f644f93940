using LamdAgent.Domain.Recipes;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace LamdAgent.Modeling.Losses;

/// <summary>
/// Direct preference optimisation (arXiv 2305.18290) with the losses and f-divergences of TRL's <c>DPOTrainer</c> (commit f2cd57710ae3).
/// Per-pair losses are averaged over the batch; several loss types are summed with their weights. <c>sigmoid</c> ignores label smoothing, as TRL does.
/// </summary>
public static class DpoLoss
{
    // exp(80) is the largest power that float32 holds with room for the division behind it; TRL clamps there too.
    private const double LargestExponent = 80;

    /// <summary>The loss of P pairs from the log-probabilities of their completion tokens.</summary>
    /// <param name="chosen">Layout of the P chosen answers.</param>
    /// <param name="rejected">Layout of the P rejected answers.</param>
    /// <param name="chosenLogps">Policy, tokens of the chosen answers, <c>[Mw]</c>.</param>
    /// <param name="rejectedLogps">Policy, tokens of the rejected answers, <c>[Ml]</c>.</param>
    /// <param name="refChosenLogps">Reference, <c>[Mw]</c>.</param>
    /// <param name="refRejectedLogps">Reference, <c>[Ml]</c>.</param>
    /// <param name="settings">beta, loss types and their parameters.</param>
    /// <param name="pairWeights">WPO weights, <c>[P]</c>, or null. See <see cref="PolicyWeights"/>.</param>
    public static LossResult Compute(
        CompletionLayout chosen,
        CompletionLayout rejected,
        Tensor chosenLogps,
        Tensor rejectedLogps,
        Tensor refChosenLogps,
        Tensor refRejectedLogps,
        PreferenceSettings settings,
        Tensor? pairWeights = null)
    {
        var (chosenWeights, rejectedWeights) = settings.LdAlpha is { } alpha ? LengthDesensitized(chosen, rejected, alpha) : (null, null);
        var chosenSums = chosen.Sum(Weigh(chosenLogps, chosenWeights));
        var rejectedSums = rejected.Sum(Weigh(rejectedLogps, rejectedWeights));
        var refChosenSums = chosen.Sum(Weigh(refChosenLogps, chosenWeights));
        var refRejectedSums = rejected.Sum(Weigh(refRejectedLogps, rejectedWeights));

        // Differences before sums: where policy and reference agree token by token the ratio is exactly 0, whatever the order of summation.
        var u = chosen.Sum(Weigh(chosenLogps - refChosenLogps, chosenWeights));
        var v = rejected.Sum(Weigh(rejectedLogps - refRejectedLogps, rejectedWeights));
        var pair = new Pair(chosenSums, rejectedSums, refChosenSums, refRejectedSums, u, v, Score(u, settings), Score(v, settings), chosen.Counts, rejected.Counts);

        Tensor? total = null;
        for (var i = 0; i < settings.LossType.Count; i++)
        {
            var weight = settings.LossWeights?[i] ?? 1.0;

            // The likelihood term is a mean over all chosen tokens of the batch, not over pairs; WPO's weights do not touch it.
            var loss = settings.LossType[i] == "sft"
                ? -chosenLogps.sum() / Math.Max(1, chosenLogps.numel())
                : Weighted(PerPair(settings.LossType[i], pair, settings), pairWeights).mean();
            total = total is null ? weight * loss : total + (weight * loss);
        }

        return new LossResult(total!, Metrics(settings.Beta, u, v, chosenSums, rejectedSums));
    }

    /// <summary>WPO (arXiv 2406.11827): exp of the mean over an answer's tokens of <c>log p(token) - log sum_v p(v)^2</c>, for both answers multiplied; no gradient.</summary>
    /// <param name="chosen">Layout of the chosen answers.</param>
    /// <param name="rejected">Layout of the rejected answers.</param>
    /// <param name="chosenExcess"><c>log p(token) - log sum_v p(v)^2</c> per token, <c>[Mw]</c>.</param>
    /// <param name="rejectedExcess">The same, <c>[Ml]</c>.</param>
    public static Tensor PolicyWeights(CompletionLayout chosen, CompletionLayout rejected, Tensor chosenExcess, Tensor rejectedExcess) =>
        (chosen.Mean(chosenExcess).exp() * rejected.Mean(rejectedExcess).exp()).detach();

    /// <summary>Rewards beta * (policy - reference) and what follows from them, under TRL's names.</summary>
    internal static Dictionary<string, double> Metrics(double beta, Tensor u, Tensor v, Tensor chosenSums, Tensor rejectedSums)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var chosenRewards = u * beta;
        var rejectedRewards = v * beta;
        return new Dictionary<string, double>(StringComparer.Ordinal)
        {
            ["rewards/chosen"] = chosenRewards.mean().ToDouble(),
            ["rewards/rejected"] = rejectedRewards.mean().ToDouble(),
            ["rewards/accuracies"] = chosenRewards.gt(rejectedRewards).to(ScalarType.Float64).mean().ToDouble(),
            ["rewards/margins"] = (chosenRewards - rejectedRewards).mean().ToDouble(),
            ["logps/chosen"] = chosenSums.mean().ToDouble(),
            ["logps/rejected"] = rejectedSums.mean().ToDouble(),
        };
    }

    private static Tensor Weighted(Tensor perPair, Tensor? weights) => weights is null ? perPair : perPair * weights;

    private static Tensor Score(Tensor logRatio, PreferenceSettings settings) => settings.FDivergenceType switch
    {
        "reverse_kl" => logRatio,
        "forward_kl" => -(-logRatio).exp(),
        "js_divergence" => F.logsigmoid(logRatio),
        "alpha_divergence" when Math.Abs(settings.FAlphaDivergenceCoef - 1) < 1e-6 => logRatio,
        "alpha_divergence" => (logRatio * (settings.FAlphaDivergenceCoef - 1)).clamp(max: LargestExponent).exp() / (settings.FAlphaDivergenceCoef - 1),
        var other => throw new ArgumentException($"unknown f_divergence_type '{other}'", nameof(settings)),
    };

    private static Tensor PerPair(string lossType, Pair p, PreferenceSettings settings)
    {
        var beta = settings.Beta;
        var eps = settings.LabelSmoothing;
        var d = p.S - p.T;
        switch (lossType)
        {
            case "sigmoid":
                return -F.logsigmoid(beta * d);
            case "hinge": // SLiC-HF, arXiv 2305.10425
                return F.relu(1 - (beta * d));
            case "ipo": // arXiv 2310.12036, length-normalised as in TRL
                return ((p.S / p.ChosenCounts) - (p.T / p.RejectedCounts) - (1 / (2 * beta))).square();
            case "robust": // arXiv 2403.00409
                return ((-(1 - eps) * F.logsigmoid(beta * d)) + (eps * F.logsigmoid(-beta * d))) / (1 - (2 * eps));
            case "exo_pair": // arXiv 2402.00856
                return (sigmoid(beta * d) * (F.logsigmoid(beta * d) - Math.Log(1 - eps)))
                    + (sigmoid(-beta * d) * (F.logsigmoid(-beta * d) - Math.Log(eps)));
            case "nca_pair": // arXiv 2402.05369
                return -F.logsigmoid(beta * p.S) - (0.5 * F.logsigmoid(-beta * p.S)) - (0.5 * F.logsigmoid(-beta * p.T));
            case "bco_pair": // arXiv 2404.04656 without its running shift, as in TRL
                return -F.logsigmoid(beta * p.S) - F.logsigmoid(-beta * p.T);
            case "sppo_hard": // arXiv 2405.00675
                return (p.S - (0.5 / beta)).square() + (p.T + (0.5 / beta)).square();
            case "aot": // arXiv 2406.05882: quantile by quantile
                return Smoothed(beta * (Sorted(p.ChosenSums - p.RejectedSums) - Sorted(p.RefChosenSums - p.RefRejectedSums)), eps);
            case "aot_unpaired":
                return Smoothed(beta * (Sorted(p.U) - Sorted(p.V)), eps);
            case "apo_zero": // arXiv 2408.06266
                return 1 - sigmoid(beta * p.U) + sigmoid(beta * p.V);
            case "apo_down":
                return sigmoid(beta * p.U) + 1 - sigmoid(beta * (p.U - p.V));
            case "discopop": // arXiv 2406.08414
                var modulation = sigmoid(beta * d / settings.DiscopopTau);
                return ((1 - modulation) * -F.logsigmoid(beta * d)) + (modulation * (-beta * d).exp());
            case "sigmoid_norm": // Tulu 3, arXiv 2411.15124
                return -F.logsigmoid(beta * ((p.S / p.ChosenCounts) - (p.T / p.RejectedCounts)));
            default:
                throw new ArgumentException($"unknown loss_type '{lossType}'", nameof(lossType));
        }
    }

    private static Tensor Smoothed(Tensor x, double eps) => (-(1 - eps) * F.logsigmoid(x)) - (eps * F.logsigmoid(-x));

    private static Tensor Sorted(Tensor x) => x.sort().Values;

    // LD-DPO (arXiv 2409.06411): tokens beyond the pair's shorter answer count alpha.
    private static (Tensor? Chosen, Tensor? Rejected) LengthDesensitized(CompletionLayout chosen, CompletionLayout rejected, double alpha)
    {
        var shared = chosen.Counts.minimum(rejected.Counts);
        return (Weights(chosen), Weights(rejected));

        Tensor Weights(CompletionLayout layout)
        {
            var within = layout.Places().lt(layout.Spread(shared)).to(layout.Counts.dtype);
            return within + ((1 - within) * alpha);
        }
    }

    private static Tensor Weigh(Tensor tokens, Tensor? weights) => weights is null ? tokens : tokens * weights;

    private sealed record Pair(
        Tensor ChosenSums, Tensor RejectedSums, Tensor RefChosenSums, Tensor RefRejectedSums, Tensor U, Tensor V, Tensor S, Tensor T, Tensor ChosenCounts, Tensor RejectedCounts);
}
