using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LamdAgent.Merging.Numerics;

/// <summary>What a pass over keys finds out about a band of them: per block how many lie below it, on its two edges, and which lie within.</summary>
/// <param name="blocks">Number of blocks.</param>
internal sealed class BandCounts(long blocks)
{
    // For every pattern of eight lanes the order that brings the chosen ones to the front.
    private static readonly int[] LaneOrders = CreateLaneOrders();
    private readonly int[] _less = new int[blocks];
    private readonly int[] _low = new int[blocks];
    private readonly int[] _high = new int[blocks];
    private readonly uint[][] _within = new uint[blocks][];

    /// <summary>Counts a block.</summary>
    /// <param name="block">Its number.</param>
    /// <param name="keys">Its keys, below 2^31.</param>
    /// <param name="low">Lower edge.</param>
    /// <param name="high">Upper edge.</param>
    /// <param name="space">Scratch space as long as the keys.</param>
    public void Count(long block, ReadOnlySpan<uint> keys, uint low, uint high, Span<uint> space)
    {
        var (less, onLow, onHigh, within) = (0, 0, 0, 0);
        var i = 0;
        if (Avx2.IsSupported)
        {
            ref var first = ref MemoryMarshal.GetReference(keys);
            ref var to = ref MemoryMarshal.GetReference(space[..keys.Length]);
            ref var orders = ref MemoryMarshal.GetArrayDataReference(LaneOrders);
            var (lows, highs) = (Vector256.Create((int)low), Vector256.Create((int)high));
            var (lessCount, lowCount, highCount) = (Vector256<int>.Zero, Vector256<int>.Zero, Vector256<int>.Zero);
            for (; i <= keys.Length - 8; i += 8)
            {
                var key = Vector256.LoadUnsafe(ref first, (nuint)i).AsInt32();
                var above = Vector256.GreaterThan(key, lows);
                var onEdge = Vector256.Equals(key, lows);
                lessCount += Vector256<int>.One + above + onEdge; // a comparison that holds is -1
                lowCount -= onEdge;
                highCount -= Vector256.Equals(key, highs);
                var lanes = (above & Vector256.LessThan(key, highs)).ExtractMostSignificantBits();
                // All eight are written, those that count first; the next ones overwrite the rest.
                Avx2.PermuteVar8x32(key, Vector256.LoadUnsafe(ref orders, lanes * 8)).AsUInt32().StoreUnsafe(ref to, (nuint)within);
                within += BitOperations.PopCount(lanes);
            }

            (less, onLow, onHigh) = (Vector256.Sum(lessCount), Vector256.Sum(lowCount), Vector256.Sum(highCount));
        }

        for (; i < keys.Length; i++)
        {
            var key = keys[i];
            less += key < low ? 1 : 0;
            onLow += key == low ? 1 : 0;
            onHigh += key == high ? 1 : 0;
            if (key > low && key < high)
            {
                space[within++] = key;
            }
        }

        (_less[block], _low[block], _high[block], _within[block]) = (less, onLow, onHigh, space[..within].ToArray());
    }

    /// <summary>The key at a rank, when it lies on an edge or within the band; else null.</summary>
    public BlockCut? Select(long rank, uint low, uint high)
    {
        var less = _less.Sum(n => (long)n);
        if (rank < less)
        {
            return null;
        }

        var onLow = _low.Sum(n => (long)n);
        if (rank < less + onLow)
        {
            return new BlockCut(low, less, _low);
        }

        less += onLow;
        var within = _within.Sum(w => w.Length);
        if (rank >= less + within)
        {
            less += within;
            return high > low && rank < less + _high.Sum(n => (long)n) ? new BlockCut(high, less, _high) : null;
        }

        var (key, before) = SelectWithin((int)(rank - less), low, high);
        return new BlockCut(key, less + before, [.. _within.Select(w => w.AsSpan().Count(key))]);
    }

    // The band in a few thousand stretches; then only the stretch of the rank is gone through.
    private (uint Key, int Less) SelectWithin(int rank, uint low, uint high)
    {
        const int Stretches = 4096;
        var shift = Math.Max(0, 32 - BitOperations.LeadingZeroCount(high - low) - BitOperations.Log2(Stretches));
        var histogram = new int[Stretches + 1];
        foreach (var keys in _within)
        {
            foreach (var key in keys)
            {
                histogram[(key - low) >> shift]++;
            }
        }

        var (stretch, less) = (0, 0);
        while (rank >= less + histogram[stretch])
        {
            less += histogram[stretch++];
        }

        var found = new uint[histogram[stretch]];
        var at = 0;
        foreach (var keys in _within)
        {
            foreach (var key in keys)
            {
                if ((key - low) >> shift == (uint)stretch)
                {
                    found[at++] = key;
                }
            }
        }

        var cut = SampledSelection.Nth(found, rank - less);
        return (cut, less + found.Count(key => key < cut));
    }

    private static int[] CreateLaneOrders()
    {
        var orders = new int[256 * 8];
        for (var lanes = 0; lanes < 256; lanes++)
        {
            var at = lanes * 8;
            for (var lane = 0; lane < 8; lane++)
            {
                if ((lanes & (1 << lane)) != 0)
                {
                    orders[at++] = lane;
                }
            }
        }

        return orders;
    }
}
