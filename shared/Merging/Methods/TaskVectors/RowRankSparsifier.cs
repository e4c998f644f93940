using System.Buffers;
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

    /// <summary>Indices of a row's entries in ascending order of magnitude.</summary>
    internal static void Ranks(ReadOnlySpan<uint> magnitudes, Span<uint> keys, Span<int> order)
    {
        magnitudes.CopyTo(keys);
        for (var i = 0; i < magnitudes.Length; i++)
        {
            order[i] = i;
        }

        keys[..magnitudes.Length].Sort(order[..magnitudes.Length]);
    }
}
