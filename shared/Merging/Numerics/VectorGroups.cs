using System.Numerics;
using LamdAgent.Merging.Engine;

namespace LamdAgent.Merging.Numerics;

/// <summary>Sums over the vectors of a tensor, and the way back from a number for each vector to each element.</summary>
internal static class VectorGroups
{
    // A fixed number of groups of neighbouring blocks, each summed in order and then added up in order: the same sums for any number of threads.
    private const int MaxRuns = 16;

    /// <summary>Sums of terms over each vector, in float64.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="grouping">What a vector is.</param>
    /// <param name="terms">The terms of a block.</param>
    public static double[] Sum<T>(TensorMerge<T> tensor, VectorGrouping grouping, BlockTerms<T> terms)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => grouping switch
        {
            VectorGrouping.Rows => SumRows(tensor, terms),
            VectorGrouping.Columns => SumColumns(tensor, terms),
            _ => [SumAll(tensor, terms)],
        };

    /// <summary>For every element of a block the number of its vector.</summary>
    public static ReadOnlySpan<T> Spread<T>(TensorMerge<T> tensor, VectorGrouping grouping, Block<T> block, T[] numbers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var spread = block.Scratch();
        if (grouping == VectorGrouping.Whole)
        {
            spread.Fill(numbers[0]);
            return spread;
        }

        var length = Length(tensor, grouping);
        for (var at = 0; at < spread.Length;)
        {
            // A block may begin and end within a row.
            var within = (int)((block.Start + at) % length);
            var count = Math.Min(length - within, spread.Length - at);
            if (grouping == VectorGrouping.Rows)
            {
                spread.Slice(at, count).Fill(numbers[(block.Start + at) / length]);
            }
            else
            {
                numbers.AsSpan(within, count).CopyTo(spread[at..]);
            }

            at += count;
        }

        return spread;
    }

    private static int Length<T>(TensorMerge<T> tensor, VectorGrouping grouping)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        (int)Math.Max(1, grouping == VectorGrouping.Rows ? tensor.Columns : tensor.Length / tensor.Plan.Shape[0]);

    private static double SumAll<T>(TensorMerge<T> tensor, BlockTerms<T> terms)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var partial = new double[tensor.BlockCount()];
        tensor.ForEachBlock(block => partial[block.Index] = Add(terms(block)));
        return partial.Sum();
    }

    private static double[] SumRows<T>(TensorMerge<T> tensor, BlockTerms<T> terms)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var length = Length(tensor, VectorGrouping.Rows);
        var sums = new double[tensor.Length / length];
        tensor.ForEachBlock(
            block =>
            {
                var values = terms(block);
                for (var at = 0; at < values.Length; at += length)
                {
                    sums[(block.Start + at) / length] = Add(values.Slice(at, length));
                }
            },
            wholeRows: true);
        return sums;
    }

    private static double[] SumColumns<T>(TensorMerge<T> tensor, BlockTerms<T> terms)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var columns = Length(tensor, VectorGrouping.Columns);
        var runs = (int)Math.Min(MaxRuns, tensor.BlockCount());
        var partial = new double[runs][];
        tensor.ForEachGroup(runs, (run, block) =>
        {
            var sums = partial[run] ??= new double[columns];
            var values = terms(block);
            var column = (int)(block.Start % columns);
            foreach (var value in values)
            {
                sums[column] += double.CreateTruncating(value);
                column = column + 1 == columns ? 0 : column + 1;
            }
        });
        for (var run = 1; run < runs; run++)
        {
            System.Numerics.Tensors.TensorPrimitives.Add(partial[0], partial[run], partial[0]);
        }

        return partial[0];
    }

    private static double Add<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var sum = 0.0;
        foreach (var value in values)
        {
            sum += double.CreateTruncating(value);
        }

        return sum;
    }
}
