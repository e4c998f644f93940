namespace LamdAgent.Modeling.Generation;

/// <summary>
/// Draws a token from logits: temperature, then the k likeliest, then the nucleus (Holtzman et al., 2020, arXiv 1904.09751), in this order as transformers does. Runs on the
/// CPU with a stream of random numbers of its own, so that the same seed gives the same tokens on every machine and beside any other rows.
/// </summary>
internal sealed class TokenSampler(GenerationSettings settings, long seed)
{
    private ulong state = Mix(unchecked((ulong)seed + 0x9E3779B97F4A7C15));

    public int Draw(ReadOnlySpan<float> logits)
    {
        var order = new int[logits.Length];
        var weights = new double[logits.Length];
        var highest = float.NegativeInfinity;
        foreach (var logit in logits)
        {
            highest = Math.Max(highest, logit);
        }

        for (var i = 0; i < logits.Length; i++)
        {
            order[i] = i;
            weights[i] = Math.Exp((logits[i] - highest) / settings.Temperature);
        }

        var kept = logits.Length;
        if (settings.TopK > 0 || settings.TopP < 1)
        {
            Array.Sort(order, (a, b) => weights[b] != weights[a] ? weights[b].CompareTo(weights[a]) : a.CompareTo(b));
            kept = settings.TopK > 0 ? Math.Min(settings.TopK, kept) : kept;
            kept = Nucleus(order.AsSpan(0, kept), weights);
        }

        return Pick(order.AsSpan(0, kept), weights);
    }

    // The token that passes the share is kept as well, so at least one is.
    private int Nucleus(ReadOnlySpan<int> order, double[] weights)
    {
        var total = Sum(order, weights);
        var so_far = 0.0;
        for (var i = 0; i < order.Length; i++)
        {
            so_far += weights[order[i]];
            if (so_far >= settings.TopP * total)
            {
                return i + 1;
            }
        }

        return order.Length;
    }

    private int Pick(ReadOnlySpan<int> order, double[] weights)
    {
        var target = NextUnit() * Sum(order, weights);
        foreach (var i in order)
        {
            target -= weights[i];
            if (target < 0)
            {
                return i;
            }
        }

        return order[^1];
    }

    private static double Sum(ReadOnlySpan<int> order, double[] weights)
    {
        var total = 0.0;
        foreach (var i in order)
        {
            total += weights[i];
        }

        return total;
    }

    // SplitMix64 (Steele, Lea and Flood, 2014): small, and the same everywhere.
    private double NextUnit()
    {
        state = unchecked(state + 0x9E3779B97F4A7C15);
        return (Mix(state) >> 11) * (1.0 / (1UL << 53));
    }

    private static ulong Mix(ulong z)
    {
        unchecked
        {
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
