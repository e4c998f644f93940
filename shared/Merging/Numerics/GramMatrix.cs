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
            var vectors = new Memory<T>[n];
            var baseValues = relativeToBase ? block.LoadMemory(tensor.Base) : default;
            for (var i = 0; i < n; i++)
            {
                vectors[i] = block.LoadMemory(operands[i]);
                if (relativeToBase)
                {
                    TensorPrimitives.Subtract(vectors[i].Span, baseValues.Span, vectors[i].Span);
                }
            }

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
}
