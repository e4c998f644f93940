using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace LamdAgent.Modeling.Losses;

/// <summary>
/// Odds-ratio preference optimisation (arXiv 2403.07691), as TRL's <c>ORPOTrainer</c>: likelihood of the chosen side, prompt included, minus beta times the mean
/// log-sigmoid of the log odds ratio of length-averaged probabilities.
/// </summary>
public static class OrpoLoss
{
    /// <summary>The loss of P pairs.</summary>
    /// <param name="chosen">Layout of the chosen answers.</param>
    /// <param name="rejected">Layout of the rejected answers.</param>
    /// <param name="chosenLogps">Policy, answer tokens only, <c>[Mw]</c>.</param>
    /// <param name="rejectedLogps">Policy, answer tokens only, <c>[Ml]</c>.</param>
    /// <param name="nll">Mean negative log-likelihood of every predicted token of the chosen side, prompt included; a scalar with gradient.</param>
    /// <param name="beta">Weight of the odds ratio.</param>
    public static LossResult Compute(CompletionLayout chosen, CompletionLayout rejected, Tensor chosenLogps, Tensor rejectedLogps, Tensor nll, double beta)
    {
        var a = chosen.Mean(chosenLogps);
        var b = rejected.Mean(rejectedLogps);
        var (perPair, logSigmoid, logOdds) = PerPair(a, b, beta);
        var metrics = DpoLoss.Metrics(beta, a, b, a, b);
        metrics["nll_loss"] = nll.detach().ToDouble();
        metrics["log_odds_ratio"] = logSigmoid.detach().mean().ToDouble();
        metrics["log_odds_chosen"] = logOdds.detach().mean().ToDouble();
        return new LossResult(nll + perPair.mean(), metrics);
    }

    /// <summary>The odds-ratio term of each pair, <c>-beta * log sigmoid(log odds)</c>, its log-sigmoid and the log odds.</summary>
    /// <param name="a">Averaged log-probabilities of the chosen answers, below 0, <c>[P]</c>.</param>
    /// <param name="b">The same of the rejected answers.</param>
    /// <param name="beta">Weight.</param>
    public static (Tensor PerPair, Tensor LogSigmoid, Tensor LogOdds) PerPair(Tensor a, Tensor b, double beta)
    {
        var logOdds = a - b - (Log1mExp(a) - Log1mExp(b));
        var logSigmoid = F.logsigmoid(logOdds);
        return (-beta * logSigmoid, logSigmoid, logOdds);
    }

    // log(1 - e^x) for x < 0: each branch where it is exact. The other branch gets a harmless argument, so that no NaN reaches its gradient.
    private static Tensor Log1mExp(Tensor x)
    {
        var small = x.lt(-Math.Log(2));
        var forSmall = (-x.where(small, full_like(x, -1)).exp()).log1p();
        var forLarge = (-x.where(~small, full_like(x, -0.1)).expm1()).log();
        return forSmall.where(small, forLarge);
    }
}
