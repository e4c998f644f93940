using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace LamdAgent.Modeling.Losses;

/// <summary>
/// Next-token losses over N predicted tokens: plain negative log-likelihood, and DFT (arXiv 2508.05629), whose token loss is <c>-p log p</c> with p detached. Every micro-batch
/// divides by the trainable tokens of the whole optimizer step, so accumulated micro-batches add up to the big batch.
/// </summary>
public static class TokenLoss
{
    /// <summary>Log-probability of each target under its logits, <c>[N, V]</c> and <c>[N]</c> to <c>[N]</c>.</summary>
    public static Tensor LogProbabilities(Tensor logits, Tensor targets) =>
        F.log_softmax(logits, -1).gather(-1, targets.unsqueeze(-1)).squeeze(-1);

    /// <summary>Negative log-likelihood summed and divided by <paramref name="numItemsInBatch"/>.</summary>
    public static Tensor Nll(Tensor logps, double numItemsInBatch) => -logps.sum() / numItemsInBatch;

    /// <summary>DFT's loss summed and divided by <paramref name="numItemsInBatch"/>.</summary>
    public static Tensor Dft(Tensor logps, double numItemsInBatch) => -(logps.detach().exp() * logps).sum() / numItemsInBatch;

    /// <summary>Entropy of each distribution in nats, <c>[N, V]</c> to <c>[N]</c>; with the gradient of the logits.</summary>
    public static Tensor Entropy(Tensor logits)
    {
        var logps = F.log_softmax(logits, -1);
        return -(logps.exp() * logps).sum(-1);
    }
}
