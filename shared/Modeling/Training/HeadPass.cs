using LamdAgent.Modeling.Architectures;
using LamdAgent.Modeling.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Training;

/// <summary>
/// From hidden states to log-probabilities of the targets and back, in chunks of rows, so that logits of [M, V] never exist at once where the vocabulary is large. The gradient
/// of log-softmax is written out (d logits = d logp * (one-hot - p)) instead of recorded; the trunk's graph is entered with the gradients of its hidden states and of
/// the output matrix. Chunks of one pass are kept for the way back while they fit, else computed again.
/// </summary>
internal sealed class HeadPass
{
    /// <summary>Bytes of float32 logits that one chunk may take.</summary>
    public const long ChunkBytes = 64L << 20;

    private readonly OutputHead _head;
    private readonly Tensor _graphHidden;
    private readonly Tensor _hidden;
    private readonly Tensor _weight;
    private readonly Tensor _targets;
    private readonly double _temperature;
    private readonly int _rowsPerChunk;
    private Tensor? _keptLogits;

    /// <param name="output">Of the forward pass; its hidden states may carry a graph.</param>
    /// <param name="batch">Which of them predict which token.</param>
    /// <param name="device">Where they are.</param>
    /// <param name="temperature">Divides the logits.</param>
    public HeadPass(ModelOutput output, TargetBatch batch, Device device, double temperature = 1)
    {
        _head = output.Head;
        _graphHidden = batch.TargetCount == output.Hidden.shape[0] ? output.Hidden : output.Hidden.index_select(0, batch.PositionTensor(device));
        _hidden = _graphHidden.detach();
        _weight = output.Head.Weight.detach();
        _targets = batch.TargetTensor(device);
        _temperature = temperature;
        _rowsPerChunk = (int)Math.Clamp(ChunkBytes / (4 * _weight.shape[0]), 16, 1 << 20);
    }

    public int Count => (int)_targets.shape[0];

    /// <summary>What <see cref="Score"/> found for each target, all [M] float32 without graph.</summary>
    public sealed record TokenScores(Tensor Logps, Tensor Correct, Tensor? Entropies, Tensor? MeanLogits, Tensor? LogSumSquares);

    /// <summary>Log-probabilities and what is to be logged.</summary>
    /// <param name="entropies">Also the entropy of each distribution and the mean logit.</param>
    /// <param name="sumSquares">Also log sum p^2 (WPO).</param>
    public TokenScores Score(bool entropies = false, bool sumSquares = false)
    {
        using var none = no_grad();
        var (logps, correct, entropy, means, squares) = (new List<Tensor>(), new List<Tensor>(), new List<Tensor>(), new List<Tensor>(), new List<Tensor>());
        foreach (var (start, count) in Chunks())
        {
            using var scope = NewDisposeScope();
            var logits = Logits(start, count);
            var targets = _targets.narrow(0, start, count);
            if (!sumSquares && FusedLogits.Serves(logits))
            {
                var found = FusedLogits.Score(logits, targets);
                logps.Add(found.Logps.MoveToOuterDisposeScope());
                correct.Add(found.Correct.MoveToOuterDisposeScope());
                entropy.Add(found.Entropies.MoveToOuterDisposeScope());
                means.Add(found.Means.mul_(_temperature).MoveToOuterDisposeScope());
                if (count == Count && _graphHidden.requires_grad)
                {
                    _keptLogits = logits.MoveToOuterDisposeScope();
                }

                continue;
            }

            var logSum = logits.logsumexp(-1, keepdim: true);
            logps.Add((logits.gather(-1, targets.unsqueeze(-1)) - logSum).squeeze(-1).MoveToOuterDisposeScope());
            correct.Add(logits.argmax(-1).eq(targets).to(ScalarType.Float32).MoveToOuterDisposeScope());
            if (entropies)
            {
                var p = (logits - logSum).exp_();
                entropy.Add((logSum.squeeze(-1) - p.mul_(logits).sum(-1)).MoveToOuterDisposeScope());
                means.Add(logits.mean([-1L]).mul_(_temperature).MoveToOuterDisposeScope());
            }

            if (sumSquares)
            {
                squares.Add(((logits * 2).logsumexp(-1) - (2 * logSum.squeeze(-1))).MoveToOuterDisposeScope());
            }

            if (count == Count && _graphHidden.requires_grad)
            {
                _keptLogits = logits.MoveToOuterDisposeScope();
            }
        }

        return new TokenScores(cat(logps), cat(correct), entropies ? cat(entropy) : null, entropies ? cat(means) : null, sumSquares ? cat(squares) : null);
    }

    /// <summary>Sends gradients with respect to the log-probabilities (and entropies) back into the model.</summary>
    public void Backward(Tensor logpGradients, Tensor? entropyGradients = null)
    {
        using var scope = NewDisposeScope();
        Propagate((logits, start, count) =>
        {
            if (entropyGradients is null && FusedLogits.Serves(logits))
            {
                var targets = _targets.narrow(0, start, count);
                return FusedGradient(logits, FusedLogits.Score(logits, targets).LogSums, targets, logpGradients.narrow(0, start, count));
            }

            var logSum = logits.logsumexp(-1, keepdim: true);
            var logp = logits - logSum;
            var p = logp.exp();
            var upstream = logpGradients.narrow(0, start, count).unsqueeze(-1);
            var gradient = p * -upstream;
            gradient.scatter_add_(-1, _targets.narrow(0, start, count).unsqueeze(-1), upstream);
            if (entropyGradients is not null)
            {
                // dH / dz_j = -p_j (log p_j + H)
                var h = -(p * logp).sum(-1, keepdim: true);
                gradient -= entropyGradients.narrow(0, start, count).unsqueeze(-1) * p * (logp + h);
            }

            return gradient;
        });
    }

    /// <summary>One trip for losses that add up over tokens: the gradient of each token's loss depends on its own log-probability alone, so no chunk is computed twice.</summary>
    /// <param name="gradientOf">From log-probabilities to the gradient of the loss with respect to them.</param>
    public TokenScores ScoreAndBackward(Func<Tensor, Tensor> gradientOf, bool entropies)
    {
        var (logps, correct, entropy) = (new List<Tensor>(), new List<Tensor>(), new List<Tensor>());
        Propagate((logits, start, count) =>
        {
            if (FusedLogits.Serves(logits))
            {
                var places = _targets.narrow(0, start, count);
                var found = FusedLogits.Score(logits, places);
                var gradient = FusedGradient(logits, found.LogSums, places, gradientOf(found.Logps));
                logps.Add(found.Logps.MoveToOuterDisposeScope());
                correct.Add(found.Correct.MoveToOuterDisposeScope());
                entropy.Add(found.Entropies.MoveToOuterDisposeScope());
                return gradient;
            }

            // One search for the largest logit serves the stable sum and the accuracy, one exponential the sum, the probabilities and the gradient.
            var (largest, likeliest) = logits.max(-1, keepdim: true);
            var p = (logits - largest).exp_();
            var sum = p.sum(-1, keepdim: true);
            p.div_(sum);
            var logSum = sum.log_().add_(largest);
            var targets = _targets.narrow(0, start, count).unsqueeze(-1);
            var logp = logits.gather(-1, targets) - logSum;
            logps.Add(logp.squeeze(-1).clone().MoveToOuterDisposeScope());
            correct.Add(likeliest.eq(targets).to(ScalarType.Float32).squeeze(-1).MoveToOuterDisposeScope());
            if (entropies)
            {
                // Row by row sum p z as a batch of dot products: no third [rows, V] tensor.
                entropy.Add((logSum.squeeze(-1) - p.unsqueeze(1).bmm(logits.unsqueeze(-1)).view(count)).MoveToOuterDisposeScope());
            }

            var upstream = gradientOf(logp);
            p.mul_(-upstream);
            return p.scatter_add_(-1, targets, upstream);
        });
        return new TokenScores(cat(logps), cat(correct), entropies ? cat(entropy) : null, null, null);
    }

    /// <summary>A token-additive loss of whole distributions (distillation): differentiated chunk by chunk with respect to the logits.</summary>
    /// <param name="lossOf">From logits [m, V] with gradient, first row and count to a scalar.</param>
    /// <returns>Sum of the losses.</returns>
    public double DistributionLoss(Func<Tensor, int, int, Tensor> lossOf, bool backward)
    {
        double total = 0;
        if (!backward)
        {
            using var none = no_grad();
            foreach (var (start, count) in Chunks())
            {
                using var scope = NewDisposeScope();
                total += lossOf(Logits(start, count), start, count).ToDouble();
            }

            return total;
        }

        Propagate((logits, start, count) =>
        {
            using var grad = enable_grad();
            var leaf = logits.detach().requires_grad_(true);
            var loss = lossOf(leaf, start, count);
            loss.backward();
            total += loss.detach().ToDouble();
            return leaf.grad!;
        });
        return total;
    }

    /// <summary>Logits of some rows, float32, divided by the temperature.</summary>
    public Tensor Logits(int start, int count)
    {
        var logits = _head.Logits(_hidden.narrow(0, start, count)).to(ScalarType.Float32);
        return _temperature == 1 ? logits : logits / _temperature;
    }

    public IEnumerable<(int Start, int Count)> Chunks()
    {
        for (var start = 0; start < Count; start += _rowsPerChunk)
        {
            yield return (start, Math.Min(_rowsPerChunk, Count - start));
        }
    }

    // In the place of the logits, unless a soft cap still wants to see them.
    private Tensor FusedGradient(Tensor logits, Tensor logSums, Tensor targets, Tensor upstream)
    {
        var gradient = _head.Softcap is null ? logits : empty_like(logits);
        FusedLogits.Gradient(logits, logSums, targets, upstream, gradient);
        return gradient;
    }

    // d(scaled, capped logits) -> d(hidden), d(matrix), then into the trunk's graph.
    private void Propagate(Func<Tensor, int, int, Tensor> logitGradient)
    {
        var trainsMatrix = _head.Weight.requires_grad;
        if (!_graphHidden.requires_grad && !trainsMatrix)
        {
            throw new InvalidOperationException("nothing to train: the pass recorded no graph");
        }

        var dtype = _hidden.dtype;
        var several = Count > _rowsPerChunk;
        var hiddenGradients = new List<Tensor>();
        Tensor? matrixGradient = null;
        using (no_grad())
        {
            foreach (var (start, count) in Chunks())
            {
                using var scope = NewDisposeScope();
                var logits = _keptLogits ?? Logits(start, count);
                var gradient = logitGradient(logits, start, count);
                var raw = Uncapped(gradient, logits).to(dtype);
                hiddenGradients.Add(raw.matmul(_weight).MoveToOuterDisposeScope());
                if (trainsMatrix)
                {
                    var part = raw.t().matmul(_hidden.narrow(0, start, count));
                    if (!several)
                    {
                        matrixGradient = part.MoveToOuterDisposeScope();
                    }
                    else if (matrixGradient is null)
                    {
                        matrixGradient = part.to(ScalarType.Float32).MoveToOuterDisposeScope();
                    }
                    else
                    {
                        matrixGradient.add_(part);
                    }
                }
            }
        }

        _keptLogits?.Dispose();
        _keptLogits = null;
        var roots = new List<Tensor>();
        var gradients = new List<Tensor>();
        if (_graphHidden.requires_grad)
        {
            roots.Add(_graphHidden);
            gradients.Add(hiddenGradients.Count == 1 ? hiddenGradients[0] : cat(hiddenGradients));
        }

        if (trainsMatrix)
        {
            roots.Add(_head.Weight);
            gradients.Add(matrixGradient!.to(dtype));
        }

        autograd.backward(roots, gradients);
    }

    private Tensor Uncapped(Tensor gradient, Tensor logits)
    {
        var factor = 1 / (_head.Divisor * _temperature);
        if (_head.Softcap is { } cap)
        {
            var share = logits * (_temperature / cap);
            gradient *= 1 - share.square();
        }

        return factor == 1 ? gradient : gradient * factor;
    }
}
