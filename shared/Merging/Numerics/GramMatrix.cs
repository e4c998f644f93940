using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using LamdAgent.Merging.Engine;

namespace LamdAgent.Merging.Numerics;

/// <summary>
/// Inner products of all pairs of operands, each tensor as one vector. Every geometric method here works on linear combinations of its operands, so this
/// small matrix is all it has to know about them: one pass, then the result is a weighted sum. Sums are in float64.
/// </summary>
internal static class GramMatrix
{
    /// <summary>Computes it.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="operands">Which operands, in which order.</param>
    /// <param name="relativeToBase">Whether the vectors are differences to the base.</param>
    public static double[,] Compute<T>(TensorMerge<T> tensor, IReadOnlyList<int> operands, bool relativeToBase)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var n = operands.Count;
        var pairs = n * (n + 1) / 2;
        var partial = new double[tensor.BlockCount() * pairs];
        tensor.ForEachBlock(block =>
        {
            var vectors = LoadVectors(tensor, block, operands, relativeToBase);
            var at = block.Index * pairs;
            for (var i = 0; i < n; i++)
            {
                for (var j = 0; j <= i; j++)
                {
                    partial[at++] = Dot<T>(vectors[i].Span, vectors[j].Span);
                }
            }
        });

        var gram = new double[n, n];
        for (var block = 0L; block < tensor.BlockCount(); block++)
        {
            var at = block * pairs;
            for (var i = 0; i < n; i++)
            {
                for (var j = 0; j <= i; j++)
                {
                    gram[i, j] += partial[at++];
                    gram[j, i] = gram[i, j];
                }
            }
        }

        return gram;
    }

    /// <summary>The same for each row by itself; of a pair (i, j &lt;= i) of row r the entry r*pairs + i*(i+1)/2 + j.</summary>
    public static double[] ComputeRows<T>(TensorMerge<T> tensor, IReadOnlyList<int> operands, bool relativeToBase)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var columns = (int)tensor.Columns;
        var pairs = operands.Count * (operands.Count + 1) / 2;
        var grams = new double[checked(tensor.Length / Math.Max(1, columns) * pairs)];
        tensor.ForEachBlock(
            block =>
            {
                var vectors = LoadVectors(tensor, block, operands, relativeToBase);
                for (var at = 0; at < block.Length; at += columns)
                {
                    var to = (block.Start + at) / columns * pairs;
                    for (var i = 0; i < vectors.Length; i++)
                    {
                        for (var j = 0; j <= i; j++)
                        {
                            grams[to++] = Dot<T>(vectors[i].Span.Slice(at, columns), vectors[j].Span.Slice(at, columns));
                        }
                    }
                }
            },
            wholeRows: true);
        return grams;
    }

    /// <summary>The same for each column (index along the first dimension), for two operands: entries c*3, +1, +2 are (0,0), (1,0), (1,1).</summary>
    public static double[] ComputeColumns<T>(TensorMerge<T> tensor, IReadOnlyList<int> operands, bool relativeToBase)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // A fixed number of groups of neighbouring blocks, each summed in order and then added up in order: the same sums for any number of threads.
        const int MaxGroups = 16;
        var columns = (int)(tensor.Length / tensor.Plan.Shape[0]);
        var groups = (int)Math.Min(MaxGroups, tensor.BlockCount());
        var partial = new double[groups][];
        tensor.ForEachGroup(groups, (group, block) =>
        {
            var sums = partial[group] ??= new double[columns * 3];
            var vectors = LoadVectors(tensor, block, operands, relativeToBase);
            var u = vectors[0].Span;
            var v = vectors[1].Span;
            var column = (int)(block.Start % columns);
            for (var i = 0; i < u.Length; i++)
            {
                var (x, y) = (double.CreateTruncating(u[i]), double.CreateTruncating(v[i]));
                var at = column * 3;
                sums[at] += x * x;
                sums[at + 1] += x * y;
                sums[at + 2] += y * y;
                column = column + 1 == columns ? 0 : column + 1;
            }
        });
        for (var group = 1; group < groups; group++)
        {
            TensorPrimitives.Add(partial[0], partial[group], partial[0]);
        }

        return partial[0];
    }

    /// <summary>Inner product with float64 sums.</summary>
    public static double Dot<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) == typeof(double))
        {
            return TensorPrimitives.Dot(MemoryMarshal.Cast<T, double>(a), MemoryMarshal.Cast<T, double>(b));
        }

        var x = MemoryMarshal.Cast<T, float>(a);
        var y = MemoryMarshal.Cast<T, float>(b);
        var i = 0;
        var sum = 0.0;
        if (Vector256.IsHardwareAccelerated)
        {
            var (lower, upper) = (Vector512<double>.Zero, Vector512<double>.Zero);
            for (; i <= x.Length - 16; i += 16)
            {
                var (xl, xu) = Vector512.Widen(Vector512.Create(x[i..]));
                var (yl, yu) = Vector512.Widen(Vector512.Create(y[i..]));
                lower += xl * yl;
                upper += xu * yu;
            }

            sum = Vector512.Sum(lower + upper);
        }

        for (; i < x.Length; i++)
        {
            sum += (double)x[i] * y[i];
        }

        return sum;
    }

    private static Memory<T>[] LoadVectors<T>(TensorMerge<T> tensor, Block<T> block, IReadOnlyList<int> operands, bool relativeToBase)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var vectors = new Memory<T>[operands.Count];
        var baseValues = relativeToBase ? block.LoadMemory(tensor.Base) : default;
        for (var i = 0; i < vectors.Length; i++)
        {
            vectors[i] = block.LoadMemory(operands[i]);
            if (relativeToBase)
            {
                TensorPrimitives.Subtract(vectors[i].Span, baseValues.Span, vectors[i].Span);
            }
        }

        return vectors;
    }
}
