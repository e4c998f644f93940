using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using LamdAgent.Merging.Engine;

namespace LamdAgent.Merging.Numerics;

/// <summary>
/// Keeps the elements whose keys lie strictly between two keys, and of those equal to the lower or the upper one a range of places counted in flat order.
/// That makes trimming exact when magnitudes are equal: exactly k are kept, and which ones does not depend on threads.
/// </summary>
internal sealed class RankMask<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly uint _low;
    private readonly uint _high;
    private readonly (long From, long To) _lowPlaces;
    private readonly (long From, long To) _highPlaces;
    private readonly long[]? _lowBefore;
    private readonly long[]? _highBefore;

    private RankMask(
        TensorMerge<T> tensor,
        KeyProvider<T> keys,
        (uint Key, long From, long To, long Equal) low,
        (uint Key, long From, long To, long Equal) high,
        bool wholeRows)
    {
        (_low, _lowPlaces) = (low.Key, (low.From, low.To));
        (_high, _highPlaces) = (high.Key, (high.From, high.To));
        _lowBefore = IsPartial(low) ? CountBefore(tensor, keys, _low, wholeRows) : null;
        _highBefore = IsPartial(high) && _high != _low ? CountBefore(tensor, keys, _high, wholeRows) : null;
    }

    private RankMask(BlockCut cut, long k, long n)
    {
        var before = new long[cut.EqualPerBlock.Length + 1];
        for (var i = 0; i < cut.EqualPerBlock.Length; i++)
        {
            before[i + 1] = before[i] + cut.EqualPerBlock[i];
        }

        _low = cut.Key;
        _lowPlaces = (0, k - (n - cut.Less - before[^1]));
        _lowBefore = before;
        _high = uint.MaxValue;
    }

    /// <summary>Keeps the k elements of the largest keys; of equal ones those with the lowest index.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="keys">Keys of its elements.</param>
    /// <param name="k">At least 1, below the number of elements.</param>
    /// <param name="zeroLowBits">As in RankSelection.Find.</param>
    /// <param name="wholeRows">Whether blocks must be whole rows.</param>
    public static RankMask<T> Largest(TensorMerge<T> tensor, KeyProvider<T> keys, long k, int zeroLowBits, bool wholeRows = false)
    {
        var cut = RankSelection.Find(tensor, keys, [tensor.Length - k], zeroLowBits, wholeRows)[0];
        var greater = tensor.Length - cut.Less - cut.Equal;
        return new RankMask<T>(tensor, keys, (cut.Key, 0, k - greater, cut.Equal), (uint.MaxValue, 0, 0, 0), wholeRows);
    }

    /// <summary>The same for several sets of keys of one tensor at once, in fewer passes.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="keys">The sets of keys, each below 2^31.</param>
    /// <param name="counts">How many elements each mask keeps.</param>
    /// <param name="zeroLowBits">How many of the lowest bits are known to be 0 in every key.</param>
    public static RankMask<T>[] LargestOfEach(TensorMerge<T> tensor, IReadOnlyList<KeyProvider<T>> keys, IReadOnlyList<long> counts, int zeroLowBits)
    {
        var cuts = SampledSelection.Find(tensor, keys, [.. counts.Select(k => tensor.Length - k)]);
        return [.. cuts.Select((cut, i) => cut is null ? Largest(tensor, keys[i], counts[i], zeroLowBits) : new RankMask<T>(cut, counts[i], tensor.Length))];
    }

    /// <summary>Keeps keys above a cut, and of those equal to it as many of the first as there are places left; the number is brought down for the next tensor.</summary>
    public static RankMask<T> FromCut(TensorMerge<T> tensor, KeyProvider<T> keys, uint cut, ref long placesLeft)
    {
        var equal = new long[tensor.BlockCount()];
        tensor.ForEachBlock(block => equal[block.Index] = keys(block).Count(cut));
        var count = equal.Sum();
        var taken = Math.Min(placesLeft, count);
        placesLeft -= taken;
        return new RankMask<T>(tensor, keys, (cut, 0, taken, count), (uint.MaxValue, 0, 0, 0), wholeRows: false);
    }

    /// <summary>Keeps the elements at the ranks [from, to) of the ascending order, in which equal keys stand by index.</summary>
    public static RankMask<T> Between(TensorMerge<T> tensor, KeyProvider<T> keys, long from, long to, int zeroLowBits)
    {
        var cuts = RankSelection.Find(tensor, keys, [from, to - 1], zeroLowBits);
        var (low, high) = (cuts[0], cuts[1]);
        return low.Key == high.Key
            ? new RankMask<T>(tensor, keys, (low.Key, from - low.Less, to - low.Less, low.Equal), (low.Key, 0, 0, 0), wholeRows: false)
            : new RankMask<T>(tensor, keys, (low.Key, from - low.Less, low.Equal, low.Equal), (high.Key, 0, to - high.Less, high.Equal), wholeRows: false);
    }

    /// <summary>Sets the values of dropped elements to 0.</summary>
    public void Apply(Block<T> block, ReadOnlySpan<uint> keys, Span<T> values) => Apply(block, keys, values, uint.MaxValue);

    /// <summary>The same where the values' magnitudes are the keys.</summary>
    public void ApplyToMagnitudes(Block<T> block, Span<T> values)
    {
        if (typeof(T) == typeof(float))
        {
            // A float's magnitude is its bits without the sign's.
            Apply(block, MemoryMarshal.Cast<T, uint>(values), values, 0x7FFFFFFF);
            return;
        }

        var magnitudes = block.Scratch();
        System.Numerics.Tensors.TensorPrimitives.Abs<T>(values, magnitudes);
        Apply(block, RankSelection.NonNegative<T>(block, magnitudes), values, uint.MaxValue);
    }

    private void Apply(Block<T> block, ReadOnlySpan<uint> keys, Span<T> values, uint bits)
    {
        var low = Places(_lowBefore, _lowPlaces, block.Index);
        var high = Places(_highBefore, _highPlaces, block.Index);
        if (low is { } keepLow && high is { } keepHigh)
        {
            ZeroOutside(keys, values, bits, keepLow ? _low : _low + 1, keepHigh || _high == _low ? _high : _high - 1);
            return;
        }

        var lowPlace = _lowBefore?[block.Index] ?? 0;
        var highPlace = _highBefore?[block.Index] ?? 0;
        for (var i = 0; i < keys.Length; i++)
        {
            var key = keys[i] & bits;
            var keep = key == _low
                ? Contains(_lowPlaces, lowPlace++)
                : key == _high ? Contains(_highPlaces, highPlace++) : key > _low && key < _high;
            if (!keep)
            {
                values[i] = T.Zero;
            }
        }
    }

    private static bool Contains((long From, long To) places, long place) => place >= places.From && place < places.To;

    private static bool IsPartial((uint Key, long From, long To, long Equal) cut) => cut.Equal > 0 && cut.To > cut.From && (cut.From > 0 || cut.To < cut.Equal);

    // True: all equal ones of this block are kept; false: none; null: some.
    private static bool? Places(long[]? before, (long From, long To) places, long block)
    {
        if (before is null)
        {
            return places.To > places.From;
        }

        var (start, end) = (before[block], before[block + 1]);
        if (start >= places.From && end <= places.To)
        {
            return true;
        }

        return end <= places.From || start >= places.To ? false : null;
    }

    private static long[] CountBefore(TensorMerge<T> tensor, KeyProvider<T> keys, uint key, bool wholeRows)
    {
        var counts = new long[tensor.BlockCount(wholeRows) + 1];
        tensor.ForEachBlock(block => counts[block.Index + 1] = keys(block).Count(key), wholeRows);
        for (var i = 1; i < counts.Length; i++)
        {
            counts[i] += counts[i - 1];
        }

        return counts;
    }

    private static void ZeroOutside(ReadOnlySpan<uint> keys, Span<T> values, uint bits, uint from, uint to)
    {
        var i = 0;
        if (typeof(T) == typeof(float) && Vector512.IsHardwareAccelerated)
        {
            ref var key = ref MemoryMarshal.GetReference(keys);
            ref var value = ref MemoryMarshal.GetReference(MemoryMarshal.Cast<T, uint>(values));
            var (low, high, used) = (Vector512.Create(from), Vector512.Create(to), Vector512.Create(bits));
            for (; i <= keys.Length - 16; i += 16)
            {
                var k = Vector512.LoadUnsafe(ref key, (nuint)i) & used;
                var keep = Vector512.GreaterThanOrEqual(k, low) & Vector512.LessThanOrEqual(k, high);
                (Vector512.LoadUnsafe(ref value, (nuint)i) & keep).StoreUnsafe(ref value, (nuint)i);
            }
        }
        else if (typeof(T) == typeof(float) && Vector256.IsHardwareAccelerated)
        {
            ref var key = ref MemoryMarshal.GetReference(keys);
            ref var value = ref MemoryMarshal.GetReference(MemoryMarshal.Cast<T, uint>(values));
            var (low, high, used) = (Vector256.Create(from), Vector256.Create(to), Vector256.Create(bits));
            for (; i <= keys.Length - 8; i += 8)
            {
                var k = Vector256.LoadUnsafe(ref key, (nuint)i) & used;
                var keep = Vector256.GreaterThanOrEqual(k, low) & Vector256.LessThanOrEqual(k, high);
                (Vector256.LoadUnsafe(ref value, (nuint)i) & keep).StoreUnsafe(ref value, (nuint)i);
            }
        }

        for (; i < keys.Length; i++)
        {
            if ((keys[i] & bits) is var key && (key < from || key > to))
            {
                values[i] = T.Zero;
            }
        }
    }
}
