using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Kernels;

/// <summary>
/// A contiguous tensor on the CPU as rows of float32: rows of bfloat16 are widened into a scratch buffer, worked on there and rounded back (to nearest, ties to
/// even). A row fits the first-level cache, so that main memory is read and written once.
/// </summary>
internal readonly unsafe struct Rows
{
    private readonly byte* data;
    private readonly bool wide;
    private readonly int width;

    public Rows(Tensor tensor, int width)
    {
        data = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));
        wide = tensor.dtype == ScalarType.Float32;
        this.width = width;
    }

    /// <summary>Whether the kernels can work on a tensor.</summary>
    public static bool Serve(Tensor tensor) =>
        tensor.device_type == DeviceType.CPU && tensor.dtype is ScalarType.Float32 or ScalarType.BFloat16 && tensor.numel() is > 0 and < int.MaxValue / 4;

    /// <summary>A row to read: in place, or in the scratch buffer.</summary>
    public float* Read(long row, float* scratch)
    {
        if (wide)
        {
            return (float*)data + (row * width);
        }

        Widen((ushort*)data + (row * width), scratch, width);
        return scratch;
    }

    /// <summary>Where to write a row: in place, or in the scratch buffer, which <see cref="Written"/> then brings to its place.</summary>
    public float* Write(long row, float* scratch) => wide ? (float*)data + (row * width) : scratch;

    /// <summary>Ends the writing of a row.</summary>
    public void Written(long row, float* scratch)
    {
        if (!wide)
        {
            Narrow(scratch, (ushort*)data + (row * width), width);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // from the first call: unoptimized vector code is many times slower
    private static void Widen(ushort* from, float* to, int count)
    {
        var i = 0;
        for (; i <= count - 16; i += 16)
        {
            var (lower, upper) = Vector256.Widen(Vector256.Load(from + i));
            (lower << 16).AsSingle().Store(to + i);
            (upper << 16).AsSingle().Store(to + i + 8);
        }

        for (; i < count; i++)
        {
            to[i] = BitConverter.UInt32BitsToSingle((uint)from[i] << 16);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // from the first call: unoptimized vector code is many times slower
    private static void Narrow(float* from, ushort* to, int count)
    {
        var i = 0;
        for (; i <= count - 16; i += 16)
        {
            Vector256.Narrow(Round(Vector256.Load(from + i)), Round(Vector256.Load(from + i + 8))).Store(to + i);
        }

        for (; i < count; i++)
        {
            var bits = BitConverter.SingleToUInt32Bits(from[i]);
            to[i] = float.IsNaN(from[i]) ? (ushort)0x7fc0 : (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
        }
    }

    private static Vector256<uint> Round(Vector256<float> x)
    {
        var bits = x.AsUInt32();
        var rounded = (bits + Vector256.Create(0x7fffu) + ((bits >>> 16) & Vector256.Create(1u))) >>> 16;
        return Vector256.ConditionalSelect(Vector256.Equals(x, x).AsUInt32(), rounded, Vector256.Create(0x7fc0u)); // NaN stays NaN
    }
}
