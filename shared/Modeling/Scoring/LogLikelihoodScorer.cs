using LamdAgent.Domain;
using LamdAgent.Modeling.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Scoring;

/// <summary>
/// Log-probabilities of continuations, many at once. Logits are taken only where a continuation token is predicted, and the softmax is float32. What a pair gives does
/// not depend on the pairs beside it, up to the rounding of sums.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="tokensPerBatch">Most tokens computed at once; a longer pair gets a batch of its own. Default 8192.</param>
public sealed class LogLikelihoodScorer(CausalLanguageModel model, int tokensPerBatch = 8192)
{
    /// <summary>Scores pairs, in their order.</summary>
    /// <param name="pairs">Prompt and continuation; both at least one token (a prompt of only the start token scores a whole text).</param>
    /// <param name="cancellationToken">Looked at before every batch.</param>
    /// <exception cref="InvalidInputException">A prompt or continuation is empty, or has unknown ids.</exception>
    public IReadOnlyList<LogLikelihood> Score(IReadOnlyList<(IReadOnlyList<int> Prompt, IReadOnlyList<int> Continuation)> pairs, CancellationToken cancellationToken = default)
    {
        var results = new LogLikelihood[pairs.Count];
        foreach (var batch in TokenBudget.Batches([.. pairs.Select(Length)], tokensPerBatch))
        {
            cancellationToken.ThrowIfCancellationRequested();
            Score(batch, pairs, results);
        }

        return results;
    }

    private void Score(IReadOnlyList<int> batch, IReadOnlyList<(IReadOnlyList<int> Prompt, IReadOnlyList<int> Continuation)> pairs, LogLikelihood[] results)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var (places, targets) = (new List<long>(), new List<long>());
        var start = 0L;
        foreach (var i in batch)
        {
            var (prompt, continuation) = pairs[i];
            for (var t = 0; t < continuation.Count; t++)
            {
                places.Add(start + prompt.Count + t - 1); // the token before it predicts it
                targets.Add(continuation[t]);
            }

            start += prompt.Count + continuation.Count - 1; // nothing follows the last token: it need not be read
        }

        var (hidden, head) = model.Forward(TokenBatch.FromRows(batch.Select(i => (IReadOnlyList<int>)[.. pairs[i].Prompt, .. pairs[i].Continuation.SkipLast(1)])));
        var picked = hidden.index_select(0, tensor(places.ToArray(), ScalarType.Int64, model.Device));
        var (values, likeliest) = (new float[targets.Count], new bool[targets.Count]);
        var chunk = Math.Max(1, (1 << 24) / model.Spec.VocabSize); // at most 64 MB of float32 logits
        for (var first = 0; first < targets.Count; first += chunk)
        {
            using var inner = NewDisposeScope();
            var count = Math.Min(chunk, targets.Count - first);
            var logits = head.Logits(picked.narrow(0, first, count)).to(ScalarType.Float32);
            var wanted = tensor(targets.GetRange(first, count).ToArray(), ScalarType.Int64, model.Device);
            var chosen = nn.functional.log_softmax(logits, -1).gather(1, wanted.unsqueeze(1)).squeeze(1);
            chosen.cpu().data<float>().CopyTo(values, first);
            logits.argmax(-1).eq(wanted).cpu().data<bool>().CopyTo(likeliest, first);
        }

        var next = 0;
        foreach (var i in batch)
        {
            var (sum, greedy, count) = (0.0, true, pairs[i].Continuation.Count);
            for (var end = next + count; next < end; next++)
            {
                sum += values[next];
                greedy &= likeliest[next];
            }

            results[i] = new LogLikelihood(sum, count, greedy);
        }
    }

    private static int Length((IReadOnlyList<int> Prompt, IReadOnlyList<int> Continuation) pair, int index) =>
        pair.Prompt.Count > 0 && pair.Continuation.Count > 0
            ? pair.Prompt.Count + pair.Continuation.Count
            : throw new InvalidInputException($"pair {index}: prompt and continuation must have at least one token each");
}
