namespace LamdAgent.Modeling.Scoring;

/// <summary>Batches of sequences of similar length, so that attention pads little.</summary>
internal static class TokenBudget
{
    /// <summary>Indices from long to short, cut into batches of at most so many tokens; a longer sequence gets a batch of its own.</summary>
    public static IEnumerable<IReadOnlyList<int>> Batches(IReadOnlyList<int> lengths, int tokensPerBatch)
    {
        var batch = new List<int>();
        var tokens = 0;
        foreach (var i in Enumerable.Range(0, lengths.Count).OrderByDescending(i => lengths[i]))
        {
            if (batch.Count > 0 && tokens + lengths[i] > tokensPerBatch)
            {
                yield return batch;
                (batch, tokens) = ([], 0);
            }

            batch.Add(i);
            tokens += lengths[i];
        }

        if (batch.Count > 0)
        {
            yield return batch;
        }
    }
}
