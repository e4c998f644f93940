using LamdAgent.Domain;
using LamdAgent.Modeling.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Scoring;

/// <summary>
/// Rewards of token sequences: what the score head says at the last token that is not padding, as transformers' sequence classifiers have it. Padding is known by its id
/// there, so a model whose padding token is its end token is asked at the token before the end, in training and afterwards alike.
/// </summary>
/// <param name="model">A reward model (<see cref="CausalLanguageModel.LoadRewardModel"/>).</param>
/// <param name="tokensPerBatch">Most tokens computed at once; a longer sequence gets a batch of its own. Default 8192.</param>
public sealed class RewardScorer(CausalLanguageModel model, int tokensPerBatch = 8192)
{
    /// <summary>One reward for each sequence, in their order.</summary>
    /// <param name="sequences">Prompt and answer in one, the end token included.</param>
    /// <param name="cancellationToken">Looked at before every batch.</param>
    /// <exception cref="InvalidInputException">A sequence is empty or has unknown ids.</exception>
    public IReadOnlyList<double> Score(IReadOnlyList<IReadOnlyList<int>> sequences, CancellationToken cancellationToken = default)
    {
        var results = new double[sequences.Count];
        var lengths = sequences.Select((s, i) => s.Count > 0 ? s.Count : throw new InvalidInputException($"sequence {i} has no tokens")).ToList();
        foreach (var batch in TokenBudget.Batches(lengths, tokensPerBatch))
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var none = no_grad();
            using var scope = NewDisposeScope();
            var tokens = TokenBatch.FromRows(batch.Select(i => sequences[i]));
            var rewards = Rewards(model.Forward(tokens), tokens, model.Config.PadTokenId, model.Device).cpu().data<float>().ToArray();
            for (var i = 0; i < batch.Count; i++)
            {
                results[batch[i]] = rewards[i];
            }
        }

        return results;
    }

    /// <summary>Rewards of a batch, [sequences] float32, with their graph.</summary>
    internal static Tensor Rewards(ModelOutput output, TokenBatch batch, int? padding, Device device)
    {
        var places = tensor(Places(batch, padding), ScalarType.Int64, device);
        return output.Head.Logits(output.Hidden.index_select(0, places)).to(ScalarType.Float32).squeeze(-1);
    }

    // A row of nothing but padding is asked at its first token, as in transformers.
    private static long[] Places(TokenBatch batch, int? padding)
    {
        var places = new long[batch.Lengths.Count];
        var start = 0;
        for (var i = 0; i < places.Length; i++)
        {
            var last = start + batch.Lengths[i] - 1;
            while (last > start && batch.Ids[last] == padding)
            {
                last--;
            }

            places[i] = last;
            start += batch.Lengths[i];
        }

        return places;
    }
}
