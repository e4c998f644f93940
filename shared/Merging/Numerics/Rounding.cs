using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using LamdAgent.Checkpoints;

namespace LamdAgent.Merging.Numerics;

/// <summary>
/// Arithmetic in a 16-bit type is float32 arithmetic with a rounding after every element-wise operation, which is what the reference does; in float32
/// and float64 nothing has to be done.
/// </summary>
internal readonly struct Rounding(DType type)
{
    /// <summary>The arithmetic type.</summary>
    public DType Type => type;

    /// <summary>Whether <see cref="Apply"/> changes anything.</summary>
    public bool IsActive => type is DType.BF16 or DType.F16;

    /// <summary>Rounds the results of an operation in place.</summary>
    public void Apply<T>(Span<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) != typeof(float) || !IsActive)
        {
            return;
        }

        var singles = MemoryMarshal.Cast<T, float>(values);
        if (type == DType.BF16)
        {
            Brain16.Round(singles);
            return;
        }

        Span<Half> halves = stackalloc Half[512];
        while (!singles.IsEmpty)
        {
            var part = singles[..Math.Min(512, singles.Length)];
            TensorPrimitives.ConvertToHalf(part, halves);
            TensorPrimitives.ConvertToSingle(halves[..part.Length], part);
            singles = singles[part.Length..];
        }
    }

    /// <summary><c>fl(x y)</c>, one by one; the result may be one of the operands.</summary>
    public void Multiply<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TensorPrimitives.Multiply(x, y, result);
        Apply(result);
    }

    /// <summary><c>fl(x y)</c> for a number y that is not rounded before.</summary>
    public void Multiply<T>(ReadOnlySpan<T> x, T y, Span<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TensorPrimitives.Multiply(x, y, result);
        Apply(result);
    }

    /// <summary><c>fl(x / y)</c>, one by one.</summary>
    public void Divide<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TensorPrimitives.Divide(x, y, result);
        Apply(result);
    }

    /// <summary><c>fl(x / y)</c> for a number y that is not rounded before.</summary>
    public void Divide<T>(ReadOnlySpan<T> x, T y, Span<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TensorPrimitives.Divide(x, y, result);
        Apply(result);
    }

    /// <summary><c>fl(x + y)</c>, one by one.</summary>
    public void Add<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TensorPrimitives.Add(x, y, result);
        Apply(result);
    }

    /// <summary><c>fl(x - y)</c>, one by one.</summary>
    public void Subtract<T>(ReadOnlySpan<T> x, ReadOnlySpan<T> y, Span<T> result)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TensorPrimitives.Subtract(x, y, result);
        Apply(result);
    }

    /// <summary>Rounds one number to the arithmetic type.</summary>
    public double Apply(double value) => type switch
    {
        DType.BF16 => Brain16.Round((float)value),
        DType.F16 => (double)(Half)value,
        DType.F32 => (float)value,
        _ => value,
    };
}
