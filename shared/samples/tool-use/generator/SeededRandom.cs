namespace LamdAgent.Samples.ToolUse;

/// <summary>SplitMix64: the same numbers from the same seed on every platform and in every version of .NET.</summary>
public sealed class SeededRandom
{
    private ulong _state;

    /// <summary>A stream of its own for each purpose, so that one set can grow without changing the others.</summary>
    public SeededRandom(long seed, string purpose) => _state = unchecked((ulong)seed * 0x9E3779B97F4A7C15UL) ^ StableHash.Of(purpose);

    /// <summary>A number from 0 to <paramref name="limit"/> - 1.</summary>
    public int Below(int limit) => (int)(((UInt128)NextBits() * (uint)limit) >> 64);

    /// <summary>A number between the two, both included.</summary>
    public int Between(int first, int last) => first + Below(last - first + 1);

    /// <summary>True with the given probability.</summary>
    public bool Chance(double probability) => Unit() < probability;

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    public double Unit() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>One of the values.</summary>
    public T Pick<T>(IReadOnlyList<T> values) => values[Below(values.Count)];

    /// <summary>The values in random order (Fisher-Yates).</summary>
    public List<T> Shuffled<T>(IEnumerable<T> values)
    {
        var list = values.ToList();
        for (var i = list.Count - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (list[i], list[j]) = (list[j], list[i]);
        }

        return list;
    }

    private ulong NextBits()
    {
        _state = unchecked(_state + 0x9E3779B97F4A7C15UL);
        var z = _state;
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EBUL);
        return z ^ (z >> 31);
    }
}
