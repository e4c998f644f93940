using System.Buffers;
using System.Runtime.InteropServices;
using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Numerics;
using LamdAgent.Merging.Planning;

namespace LamdAgent.Merging.Methods.TaskVectors;

/// <summary>
/// Keeps entries by coins that favour large magnitudes (DELLA): within each row the entry of rank j = 0..R-1 in ascending order is kept with probability
/// <c>(density - epsilon) + 2 epsilon j/(R-1)</c>.
/// </summary>
internal sealed class RowRankSparsifier(MergeParameter epsilon) : Sparsifier
{
    public override IReadOnlyList<MergeParameter> Parameters => [epsilon];

    public override bool IsRandom => true;

    public override bool WholeRows => true;

    public override string? FindProblem(TensorPlan plan, IReadOnlyDictionary<string, double> parameters)
    {
        var (density, width) = (parameters["density"], parameters["epsilon"]);
        return density is > 0 and < 1 && (density - width <= 0 || density + width >= 1)
            ? $"density {density} with epsilon {width} gives probabilities outside 0 to 1; take a smaller epsilon"
            : null;
    }

    public override DeltaMask<T> Prepare<T>(TensorMerge<T> tensor, int operand)
    {
        var density = tensor.Parameter(operand, "density");
        if (density <= 0)
        {
            return DropAll;
        }

        var seed = CounterRandom.Seed(tensor.Plan.Seed, $"{operand} {tensor.Plan.Operands[operand].Model}");
        var width = tensor.Parameter(operand, "epsilon");
        var columns = (int)tensor.Columns;
        return (block, delta) =>
        {
            var magnitudes = Magnitudes<T>(block, delta);
            var keys = ArrayPool<uint>.Shared.Rent(columns);
            var order = ArrayPool<int>.Shared.Rent(columns);
            for (var row = 0; row < delta.Length; row += columns)
            {
                Ranks(magnitudes.Slice(row, columns), keys, order);
                for (var rank = 0; rank < columns; rank++)
                {
                    var at = row + order[rank];
                    if (CounterRandom.Uniform(seed, block.Start + at) >= KeepProbability(density, width, rank, columns))
                    {
                        delta[at] = T.Zero;
                    }
                }
            }

            ArrayPool<uint>.Shared.Return(keys);
            ArrayPool<int>.Shared.Return(order);
        };
    }

    /// <summary>Probability to keep the entry of a rank.</summary>
    internal static double KeepProbability(double density, double epsilon, int rank, int columns) =>
        columns == 1 ? density : density - epsilon + (2 * epsilon * rank / (columns - 1));

    /// <summary>Indices of a row's entries in ascending order of magnitude, equal ones by index: a radix sort by bytes, the lowest first.</summary>
    /// <param name="magnitudes">Bits of non-negative floats.</param>
    /// <param name="space">Scratch space, at least as long.</param>
    /// <param name="order">The indices, at least as long.</param>
    internal static void Ranks(ReadOnlySpan<uint> magnitudes, Span<uint> space, Span<int> order)
    {
        Span<int> starts = stackalloc int[4 * 256];
        starts.Clear();
        foreach (var key in magnitudes)
        {
            starts[(int)(key & 255)]++;
            starts[256 + (int)((key >> 8) & 255)]++;
            starts[512 + (int)((key >> 16) & 255)]++;
            starts[768 + (int)(key >> 24)]++;
        }

        var from = MemoryMarshal.Cast<uint, int>(space)[..magnitudes.Length];
        var to = order[..magnitudes.Length];
        for (var i = 0; i < from.Length; i++)
        {
            from[i] = i;
        }

        for (var digit = 0; digit < 4; digit++)
        {
            var places = starts.Slice(digit * 256, 256);
            var sum = 0;
            foreach (ref var place in places)
            {
                (place, sum) = (sum, sum + place);
            }

            foreach (var index in from)
            {
                to[places[(int)((magnitudes[index] >> (8 * digit)) & 255)]++] = index;
            }

            var swap = from;
            from = to;
            to = swap;
        }

        // Four passes: the last one wrote into the scratch space.
        from.CopyTo(order);
    }
}
