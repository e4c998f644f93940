using System.Numerics;
using System.Runtime.InteropServices;

namespace LamdAgent.Merging.Methods.TaskVectors;

/// <summary>The element-wise parts of sign election, in vectors of the machine's width.</summary>
internal static class SignElection
{
    /// <summary>Adds a weighted task vector, and its weight to the divisor, where its sign is the elected one. A sum of 0 elects +; a zero entry never agrees.</summary>
    public static void AddAgreeing<T>(ReadOnlySpan<T> elected, ReadOnlySpan<T> values, T weight, Span<T> sum, Span<T> divisor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var i = 0;
        if (Vector.IsHardwareAccelerated)
        {
            ref var e = ref MemoryMarshal.GetReference(elected);
            ref var v = ref MemoryMarshal.GetReference(values);
            ref var s = ref MemoryMarshal.GetReference(sum);
            ref var d = ref MemoryMarshal.GetReference(divisor);
            var weights = new Vector<T>(weight);
            for (; i <= sum.Length - Vector<T>.Count; i += Vector<T>.Count)
            {
                var value = Vector.LoadUnsafe(ref v, (nuint)i);
                var positive = Vector.GreaterThanOrEqual(Vector.LoadUnsafe(ref e, (nuint)i), Vector<T>.Zero);
                var agrees = Vector.ConditionalSelect(positive, Vector.GreaterThan(value, Vector<T>.Zero), Vector.LessThan(value, Vector<T>.Zero));
                (Vector.LoadUnsafe(ref s, (nuint)i) + (value & agrees)).StoreUnsafe(ref s, (nuint)i);
                (Vector.LoadUnsafe(ref d, (nuint)i) + (weights & agrees)).StoreUnsafe(ref d, (nuint)i);
            }
        }

        for (; i < sum.Length; i++)
        {
            if (elected[i] >= T.Zero ? values[i] > T.Zero : values[i] < T.Zero)
            {
                sum[i] += values[i];
                divisor[i] += weight;
            }
        }
    }

    /// <summary>Sets numbers to 0 where a value has not the elected sign.</summary>
    public static void KeepAgreeing<T>(ReadOnlySpan<T> elected, ReadOnlySpan<T> values, Span<T> numbers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (var i = 0; i < numbers.Length; i++)
        {
            if (!(elected[i] >= T.Zero ? values[i] > T.Zero : values[i] < T.Zero))
            {
                numbers[i] = T.Zero;
            }
        }
    }

    /// <summary>Divides where the divisor is not exactly 0.</summary>
    public static void DivideByNonZero<T>(Span<T> values, ReadOnlySpan<T> divisor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var i = 0;
        if (Vector.IsHardwareAccelerated)
        {
            ref var v = ref MemoryMarshal.GetReference(values);
            ref var d = ref MemoryMarshal.GetReference(divisor);
            for (; i <= values.Length - Vector<T>.Count; i += Vector<T>.Count)
            {
                var by = Vector.LoadUnsafe(ref d, (nuint)i);
                by = Vector.ConditionalSelect(Vector.Equals(by, Vector<T>.Zero), Vector<T>.One, by);
                (Vector.LoadUnsafe(ref v, (nuint)i) / by).StoreUnsafe(ref v, (nuint)i);
            }
        }

        for (; i < values.Length; i++)
        {
            if (divisor[i] != T.Zero)
            {
                values[i] /= divisor[i];
            }
        }
    }

    /// <summary>L1 norm, summed in float64.</summary>
    public static double SumOfMagnitudes<T>(ReadOnlySpan<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // Partial sums of 512 elements (64 a lane) lose nothing that matters and keep the vectors narrow.
        const int Part = 512;
        var sum = 0.0;
        for (var at = 0; at < values.Length; at += Part)
        {
            sum += double.CreateTruncating(System.Numerics.Tensors.TensorPrimitives.SumOfMagnitudes(values.Slice(at, Math.Min(Part, values.Length - at))));
        }

        return sum;
    }
}
