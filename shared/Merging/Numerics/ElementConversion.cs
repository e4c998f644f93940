using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using LamdAgent.Checkpoints;

namespace LamdAgent.Merging.Numerics;

/// <summary>Stored bytes to numbers and back. T is float or double; the JIT removes the branches that do not apply.</summary>
internal static class ElementConversion
{
    /// <summary>Reads stored elements; exact when <typeparamref name="T"/> is at least as wide.</summary>
    public static void Read<T>(ReadOnlySpan<byte> source, DType type, Span<T> destination)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        switch (type)
        {
            case DType.F32:
                Convert(MemoryMarshal.Cast<byte, float>(source), destination);
                break;
            case DType.F64:
                Convert(MemoryMarshal.Cast<byte, double>(source), destination);
                break;
            case DType.F16 when typeof(T) == typeof(float):
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source), MemoryMarshal.Cast<T, float>(destination));
                break;
            case DType.F16:
                TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, Half>(source), destination);
                break;
            case DType.BF16 when typeof(T) == typeof(float):
                Brain16.Widen(MemoryMarshal.Cast<byte, ushort>(source), MemoryMarshal.Cast<T, float>(destination));
                break;
            case DType.BF16:
                var halves = MemoryMarshal.Cast<byte, ushort>(source);
                for (var i = 0; i < halves.Length; i++)
                {
                    destination[i] = T.CreateTruncating(BitConverter.UInt32BitsToSingle((uint)halves[i] << 16));
                }

                break;
            default:
                throw new InvalidOperationException($"{type} is not a type to compute with");
        }
    }

    /// <summary>Writes elements with one rounding to the stored type.</summary>
    public static void Write<T>(ReadOnlySpan<T> source, DType type, Span<byte> destination)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        switch (type)
        {
            case DType.F32:
                Convert(source, MemoryMarshal.Cast<byte, float>(destination));
                break;
            case DType.F64:
                Convert(source, MemoryMarshal.Cast<byte, double>(destination));
                break;
            case DType.F16 when typeof(T) == typeof(float):
                TensorPrimitives.ConvertToHalf(MemoryMarshal.Cast<T, float>(source), MemoryMarshal.Cast<byte, Half>(destination));
                break;
            case DType.F16:
                TensorPrimitives.ConvertTruncating(source, MemoryMarshal.Cast<byte, Half>(destination));
                break;
            case DType.BF16 when typeof(T) == typeof(float):
                Brain16.Narrow(MemoryMarshal.Cast<T, float>(source), MemoryMarshal.Cast<byte, ushort>(destination));
                break;
            case DType.BF16:
                var singles = new float[source.Length];
                TensorPrimitives.ConvertTruncating(source, singles);
                Brain16.Narrow(singles, MemoryMarshal.Cast<byte, ushort>(destination));
                break;
            default:
                throw new InvalidOperationException($"{type} is not a type to compute with");
        }
    }

    private static void Convert<TFrom, TTo>(ReadOnlySpan<TFrom> source, Span<TTo> destination)
        where TFrom : unmanaged, INumber<TFrom>
        where TTo : unmanaged, INumber<TTo>
    {
        if (typeof(TFrom) == typeof(TTo))
        {
            MemoryMarshal.Cast<TFrom, TTo>(source).CopyTo(destination);
        }
        else
        {
            TensorPrimitives.ConvertTruncating(source, destination);
        }
    }
}
