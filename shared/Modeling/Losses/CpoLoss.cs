using LamdAgent.Domain.Recipes;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace LamdAgent.Modeling.Losses;

/// <summary>
/// Preference losses without a reference model: CPO (arXiv 2401.08417), SimPO (2405.14734), AlphaPO (2501.03884), as TRL's <c>CPOTrainer</c>.
/// Log-probabilities are averaged over an answer's tokens for simpo and ipo and summed for sigmoid and hinge.
/// </summary>
public static class CpoLoss
{
    /// <summary>Whether the answers' log-probabilities are averaged over their tokens.</summary>
    public static bool Averages(string lossType) => lossType is "simpo" or "ipo";

    /// <summary>The loss of P pairs.</summary>
    /// <param name="chosen">Layout of the chosen answers.</param>
    /// <param name="rejected">Layout of the rejected answers.</param>
    /// <param name="chosenLogps">Policy, <c>[Mw]</c>.</param>
    /// <param name="rejectedLogps">Policy, <c>[Ml]</c>.</param>
    /// <param name="settings">beta, loss type, cpo_alpha, simpo_gamma, alpha, label smoothing.</param>
    public static LossResult Compute(CompletionLayout chosen, CompletionLayout rejected, Tensor chosenLogps, Tensor rejectedLogps, PreferenceSettings settings)
    {
        var average = Averages(settings.LossType[0]);
        var a = average ? chosen.Mean(chosenLogps) : chosen.Sum(chosenLogps);
        var b = average ? rejected.Mean(rejectedLogps) : rejected.Sum(rejectedLogps);
        var loss = PerPair(a, b, settings).mean();

        // The rewards that TRL logs are those of the shaped log-probabilities, and its likelihood is 0 where it does not count.
        var (shapedA, shapedB) = (Shaped(a, settings.Alpha), Shaped(b, settings.Alpha));
        var metrics = DpoLoss.Metrics(settings.Beta, shapedA, shapedB, a, b);
        metrics["nll_loss"] = 0;
        if (settings.CpoAlpha > 0)
        {
            var nll = -chosenLogps.sum() / Math.Max(1, chosenLogps.numel());
            metrics["nll_loss"] = nll.detach().ToDouble();
            loss += settings.CpoAlpha * nll;
        }

        return new LossResult(loss, metrics);
    }

    /// <summary>The loss of each pair without the likelihood term.</summary>
    /// <param name="a">Log-probabilities of the chosen answers, <c>[P]</c>.</param>
    /// <param name="b">Log-probabilities of the rejected answers, <c>[P]</c>.</param>
    /// <param name="settings">As for <see cref="Compute"/>.</param>
    public static Tensor PerPair(Tensor a, Tensor b, PreferenceSettings settings)
    {
        var beta = settings.Beta;
        var eps = settings.LabelSmoothing;
        var d = Shaped(a, settings.Alpha) - Shaped(b, settings.Alpha);
        switch (settings.LossType[0])
        {
            case "simpo":
                var margin = (beta * d) - settings.SimpoGamma;
                return (-(1 - eps) * F.logsigmoid(margin)) - (eps * F.logsigmoid(-margin));
            case "sigmoid":
                return (-(1 - eps) * F.logsigmoid(beta * d)) - (eps * F.logsigmoid(-beta * d));
            case "hinge":
                return F.relu(1 - (beta * d));
            case "ipo":
                return (d - (1 / (2 * beta))).square();
            default:
                throw new ArgumentException($"unknown loss_type '{settings.LossType[0]}'", nameof(settings));
        }
    }

    // AlphaPO: (1 - exp(-alpha x)) / alpha, which tends to x for alpha 0.
    private static Tensor Shaped(Tensor x, double alpha) => alpha == 0 ? x : (1 - (-alpha * x).exp()) / alpha;
}
