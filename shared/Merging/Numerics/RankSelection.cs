using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using LamdAgent.Merging.Engine;

namespace LamdAgent.Merging.Numerics;

/// <summary>
/// Exact selection by rank without sorting: 32-bit keys are counted by their upper 11 bits, then those in the bucket of the rank by the next 11, then by
/// the last 10. Three passes over the tensor, a few kilobytes of counters, and the same answer however many threads count. Keys of non-negative floats are
/// their bits, whose order is that of the numbers.
/// </summary>
internal static class RankSelection
{
    private static readonly (int Shift, int Bits)[] Digits = [(21, 11), (10, 11), (0, 10)];

    /// <summary>Finds the keys at several ranks.</summary>
    /// <param name="tensor">The tensor whose elements are ranked.</param>
    /// <param name="keys">Their keys.</param>
    /// <param name="ranks">Ranks of the ascending order, from 0.</param>
    /// <param name="zeroLowBits">How many of the lowest bits are known to be 0 in every key; 10 or more save the last pass.</param>
    /// <param name="wholeRows">Whether blocks must be whole rows.</param>
    public static RankedKey[] Find<T>(TensorMerge<T> tensor, KeyProvider<T> keys, ReadOnlySpan<long> ranks, int zeroLowBits = 0, bool wholeRows = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Find([(tensor, keys)], ranks, zeroLowBits, wholeRows);

    /// <summary>The same over the elements of several tensors together.</summary>
    public static RankedKey[] Find<T>(IReadOnlyList<(TensorMerge<T> Tensor, KeyProvider<T> Keys)> tensors, ReadOnlySpan<long> ranks, int zeroLowBits, bool wholeRows)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var first = Count(tensors, 0, 0, wholeRows);
        var found = new RankedKey[ranks.Length];
        for (var i = 0; i < ranks.Length; i++)
        {
            var (prefix, less, equal) = Descend(first, 0, Digits[0].Shift, 0, ranks[i]);
            for (var digit = 1; digit < Digits.Length; digit++)
            {
                if (digit == 2 && zeroLowBits >= Digits[1].Shift)
                {
                    break;
                }

                var histogram = Count(tensors, digit, prefix, wholeRows);
                (prefix, less, equal) = Descend(histogram, prefix, Digits[digit].Shift, less, ranks[i]);
            }

            found[i] = new RankedKey(prefix, less, equal);
        }

        return found;
    }

    /// <summary>Magnitudes as keys.</summary>
    public static ReadOnlySpan<uint> Magnitudes<T>(Block<T> block, Span<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TensorPrimitives.Abs<T>(values, values);
        return NonNegative(block, values);
    }

    /// <summary>Numbers that are not negative as keys. Magnitudes are compared in float32 whatever the arithmetic, as the reference does.</summary>
    public static ReadOnlySpan<uint> NonNegative<T>(Block<T> block, ReadOnlySpan<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) == typeof(float))
        {
            return MemoryMarshal.Cast<T, uint>(values);
        }

        var singles = MemoryMarshal.Cast<T, float>(block.Scratch())[..values.Length];
        TensorPrimitives.ConvertTruncating(values, singles);
        return MemoryMarshal.Cast<float, uint>(singles);
    }

    private static (uint Prefix, long Less, long Equal) Descend(long[] histogram, uint prefix, int shift, long less, long rank)
    {
        for (var bucket = 0; bucket < histogram.Length; bucket++)
        {
            if (rank < less + histogram[bucket])
            {
                return (prefix | ((uint)bucket << shift), less, histogram[bucket]);
            }

            less += histogram[bucket];
        }

        throw new InvalidOperationException("the rank is beyond the number of elements");
    }

    private static long[] Count<T>(IReadOnlyList<(TensorMerge<T> Tensor, KeyProvider<T> Keys)> tensors, int digit, uint prefix, bool wholeRows)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var totals = new long[1 << Digits[digit].Bits];
        foreach (var (tensor, keys) in tensors)
        {
            AddCounts(tensor, keys, digit, prefix, wholeRows, totals);
        }

        return totals;
    }

    private static void AddCounts<T>(TensorMerge<T> tensor, KeyProvider<T> keys, int digit, uint prefix, bool wholeRows, long[] totals)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var (shift, bits) = Digits[digit];
        using var counters = new ThreadLocal<uint[]>(() => new uint[4 << bits], trackAllValues: true);
        tensor.ForEachBlock(
            block =>
            {
                var counter = counters.Value!;
                if (digit == 0)
                {
                    CountAll(keys(block), counter, shift, 1 << bits);
                }
                else
                {
                    CountWithPrefix(keys(block), counter, shift, (uint)(1 << bits) - 1, prefix >> (shift + bits));
                }
            },
            wholeRows);
        foreach (var counter in counters.Values)
        {
            for (var i = 0; i < counter.Length; i++)
            {
                totals[i & ((1 << bits) - 1)] += counter[i];
            }
        }
    }

    // Four sets of counters: neighbours are often equal, and a counter just written is slow to read again.
    private static void CountAll(ReadOnlySpan<uint> keys, uint[] counter, int shift, int buckets)
    {
        ref var one = ref MemoryMarshal.GetArrayDataReference(counter);
        ref var two = ref Unsafe.Add(ref one, buckets);
        ref var three = ref Unsafe.Add(ref two, buckets);
        ref var four = ref Unsafe.Add(ref three, buckets);
        ref var key = ref MemoryMarshal.GetReference(keys);
        var i = 0;
        for (; i <= keys.Length - 4; i += 4)
        {
            // A shifted key is below the number of buckets by construction: no check needed.
            Unsafe.Add(ref one, Unsafe.Add(ref key, i) >> shift)++;
            Unsafe.Add(ref two, Unsafe.Add(ref key, i + 1) >> shift)++;
            Unsafe.Add(ref three, Unsafe.Add(ref key, i + 2) >> shift)++;
            Unsafe.Add(ref four, Unsafe.Add(ref key, i + 3) >> shift)++;
        }

        for (; i < keys.Length; i++)
        {
            Unsafe.Add(ref one, keys[i] >> shift)++;
        }
    }

    private static void CountWithPrefix(ReadOnlySpan<uint> keys, uint[] counter, int shift, uint mask, uint prefix)
    {
        var above = shift + BitOperations.PopCount(mask);
        ref var first = ref MemoryMarshal.GetReference(keys);
        var i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            var wanted = Vector512.Create(prefix);
            for (; i <= keys.Length - Vector512<uint>.Count; i += Vector512<uint>.Count)
            {
                Add(keys, i, Vector512.Equals(Vector512.LoadUnsafe(ref first, (nuint)i) >> above, wanted).ExtractMostSignificantBits(), counter, shift, mask);
            }
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            var wanted = Vector256.Create(prefix);
            for (; i <= keys.Length - Vector256<uint>.Count; i += Vector256<uint>.Count)
            {
                Add(keys, i, Vector256.Equals(Vector256.LoadUnsafe(ref first, (nuint)i) >> above, wanted).ExtractMostSignificantBits(), counter, shift, mask);
            }
        }

        for (; i < keys.Length; i++)
        {
            if (keys[i] >> above == prefix)
            {
                counter[(keys[i] >> shift) & mask]++;
            }
        }
    }

    private static void Add(ReadOnlySpan<uint> keys, int start, ulong matches, uint[] counter, int shift, uint mask)
    {
        while (matches != 0)
        {
            counter[(keys[start + BitOperations.TrailingZeroCount(matches)] >> shift) & mask]++;
            matches &= matches - 1;
        }
    }
}
