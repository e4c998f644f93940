using System.Numerics;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Optimization;

/// <summary>
/// Passes over flat float32 buffers in CPU memory, split into blocks of fixed size: the same result whatever the number of threads, and one trip through memory where
/// libtorch's operations would make ten.
/// </summary>
internal static class FlatVectors
{
    /// <summary>Elements of a block. Fixed, because sums are formed block by block.</summary>
    public const int BlockElements = 1 << 16;

    /// <summary>Number of blocks of a buffer.</summary>
    public static int BlockCount(long length) => (int)((length + BlockElements - 1) / BlockElements);

    /// <summary>The elements of a block of a contiguous CPU tensor.</summary>
    public static unsafe Span<float> Block(IntPtr data, long length, int block)
    {
        var start = (long)block * BlockElements;
        return new Span<float>((float*)data + start, (int)Math.Min(BlockElements, length - start));
    }

    /// <summary>Address of a contiguous float32 CPU tensor's first element.</summary>
    public static unsafe IntPtr Address(Tensor tensor)
    {
        if (tensor.dtype != ScalarType.Float32 || tensor.device_type != DeviceType.CPU || !tensor.is_contiguous())
        {
            throw new ArgumentException("a contiguous float32 tensor on the CPU is needed", nameof(tensor));
        }

        // A view of one element gives the address without the 2 GB limit of a span over the whole.
        using var first = tensor.narrow(0, 0, Math.Min(1, tensor.numel()));
        return (IntPtr)System.Runtime.CompilerServices.Unsafe.AsPointer(ref MemoryMarshal.GetReference(first.bytes));
    }

    /// <summary>Sum of squares, or of absolute values, or the largest absolute value.</summary>
    /// <param name="values">The buffer.</param>
    /// <param name="normType">2, 1 or infinity.</param>
    public static double Norm(Tensor values, double normType)
    {
        var (data, length) = (Address(values), values.numel());
        var partial = new double[BlockCount(length)];
        Parallel.For(0, partial.Length, ParallelOptions(), b => partial[b] = BlockNorm(Block(data, length, b), normType));
        return double.IsPositiveInfinity(normType) ? partial.DefaultIfEmpty(0).Max() : normType == 1 ? partial.Sum() : Math.Sqrt(partial.Sum());
    }

    /// <summary>As many workers as libtorch has threads.</summary>
    public static ParallelOptions ParallelOptions() => new() { MaxDegreeOfParallelism = Math.Max(1, get_num_threads()) };

    private static double BlockNorm(ReadOnlySpan<float> block, double normType)
    {
        if (double.IsPositiveInfinity(normType))
        {
            var largest = 0f;
            foreach (var x in block)
            {
                largest = float.IsNaN(x) ? float.NaN : Math.Max(largest, Math.Abs(x));
            }

            return largest;
        }

        var vectors = MemoryMarshal.Cast<float, Vector<float>>(block);
        var (low, high) = (Vector<double>.Zero, Vector<double>.Zero);
        foreach (var v in vectors)
        {
            Vector.Widen(v, out var a, out var b);
            low += normType == 1 ? Vector.Abs(a) : a * a;
            high += normType == 1 ? Vector.Abs(b) : b * b;
        }

        var sum = Vector.Sum(low) + Vector.Sum(high);
        foreach (var x in block[(vectors.Length * Vector<float>.Count)..])
        {
            sum += normType == 1 ? Math.Abs(x) : (double)x * x;
        }

        return sum;
    }
}
