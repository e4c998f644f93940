namespace LamdAgent.Modeling.Training;

/// <summary>Fisher-Yates with SplitMix64 (Steele et al., 2014): written out here, because a shuffle that changes with the runtime would change every trained model.</summary>
internal static class SeededShuffle
{
    public static void Apply<T>(T[] items, ulong seed)
    {
        var state = seed;
        for (var i = items.Length - 1; i > 0; i--)
        {
            // 64 random bits scaled to 0..i; the bias is below 2^-32 for any number of rows that fits in memory.
            var j = (int)Math.BigMul(Next(ref state), (ulong)i + 1, out _);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    /// <summary>One seed from two numbers.</summary>
    public static ulong Mix(ulong a, ulong b)
    {
        var state = a ^ (b * 0xD1B54A32D192ED03);
        return Next(ref state);
    }

    private static ulong Next(ref ulong state)
    {
        state += 0x9E3779B97F4A7C15;
        var z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
