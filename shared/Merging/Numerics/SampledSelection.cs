using System.Numerics;
using System.Runtime.InteropServices;
using LamdAgent.Merging.Engine;

namespace LamdAgent.Merging.Numerics;

/// <summary>
/// Exact selection by rank in one pass: a sample tells two keys between which the wanted one lies (Floyd and Rivest, 1975), the pass counts what is below them and equal to them and sets aside the few
/// percent in between, among which the rest of the search happens. That the sample was right is seen from the counts; when it was not there is no answer, and <see cref="RankSelection"/> finds it.
/// </summary>
internal static class SampledSelection
{
    /// <summary>Fewer elements are selected faster by <see cref="RankSelection"/>.</summary>
    public const int SmallestTensor = 1 << 16;

    private const int PieceLength = 64;
    private const int SampleShare = 128;
    private const int LargestSample = 1 << 18;

    // What is set aside is bounded whatever the tensor's size.
    private const double LargestBetween = 1 << 24;

    // Six standard deviations of the rank of an independent sample's median: neighbours are alike, so there is need of some room.
    private const double Margin = 3;

    /// <summary>The key at one rank of each of several sets of keys of one tensor; null where the sample misled.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="keys">Keys below 2^31.</param>
    /// <param name="ranks">For each the rank of the ascending order, from 0.</param>
    public static BlockCut?[] Find<T>(TensorMerge<T> tensor, IReadOnlyList<KeyProvider<T>> keys, IReadOnlyList<long> ranks)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var sampleLength = (int)Math.Clamp(tensor.Length / SampleShare, 64 * PieceLength, LargestSample);
        var width = Margin / Math.Sqrt(sampleLength);
        if (tensor.Length < SmallestTensor || 2 * width * tensor.Length > LargestBetween)
        {
            return new BlockCut?[keys.Count];
        }

        var brackets = Brackets(tensor, keys, ranks, sampleLength / PieceLength, width);
        var counts = keys.Select(_ => new BandCounts(tensor.BlockCount())).ToArray();
        tensor.ForEachBlock(block =>
        {
            for (var i = 0; i < brackets.Length; i++)
            {
                var band = MemoryMarshal.Cast<T, uint>(block.Scratch());
                counts[i].Count(block.Index, keys[i](block), brackets[i].Low, brackets[i].High, band);
            }
        });
        var cuts = new BlockCut?[keys.Count];
        tensor.ForEach(cuts.Length, i => cuts[i] = counts[i].Select(ranks[i], brackets[i].Low, brackets[i].High));
        return cuts;
    }

    /// <summary>The key that stands at a rank; the span is rearranged so that none before it is larger and none after it smaller.</summary>
    public static uint Nth(Span<uint> keys, int rank)
    {
        var (from, to) = (0, keys.Length - 1);
        while (from < to)
        {
            // The median of three keeps sorted keys from being the worst case.
            var (a, b, c) = (keys[from], keys[(from + to) / 2], keys[to]);
            var pivot = Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
            var (i, j) = (from, to);
            while (i <= j)
            {
                while (keys[i] < pivot)
                {
                    i++;
                }

                while (keys[j] > pivot)
                {
                    j--;
                }

                if (i <= j)
                {
                    (keys[i], keys[j]) = (keys[j], keys[i]);
                    i++;
                    j--;
                }
            }

            if (rank <= j)
            {
                to = j;
            }
            else if (rank >= i)
            {
                from = i;
            }
            else
            {
                break;
            }
        }

        return keys[rank];
    }

    private static (uint Low, uint High)[] Brackets<T>(TensorMerge<T> tensor, IReadOnlyList<KeyProvider<T>> keys, IReadOnlyList<long> ranks, int pieces, double width)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var samples = keys.Select(_ => new uint[pieces * PieceLength]).ToArray();
        tensor.ForEachPiece(pieces, PieceLength, block =>
        {
            for (var i = 0; i < samples.Length; i++)
            {
                keys[i](block).CopyTo(samples[i].AsSpan((int)block.Index * PieceLength));
            }
        });
        var brackets = new (uint, uint)[keys.Count];
        tensor.ForEach(brackets.Length, i =>
        {
            var sample = samples[i];
            var share = (double)ranks[i] / tensor.Length;
            var high = (int)Math.Min(sample.Length - 1, Math.Ceiling((share + width) * sample.Length));
            var low = (int)Math.Max(0, Math.Floor((share - width) * sample.Length));
            var upper = Nth(sample, high);
            brackets[i] = (low == 0 ? 0 : Nth(sample.AsSpan(0, high + 1), low), high == sample.Length - 1 ? int.MaxValue : upper);
        });
        return brackets;
    }
}
