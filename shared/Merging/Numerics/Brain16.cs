using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LamdAgent.Merging.Numerics;

/// <summary>bfloat16 to and from float32: the upper half of the bits, rounded to nearest even. Vectors of 512, 256 or 128 bits, whichever the machine has.</summary>
internal static class Brain16
{
    /// <summary>Widens; exact.</summary>
    public static void Widen(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        ref var from = ref MemoryMarshal.GetReference(source);
        ref var to = ref System.Runtime.CompilerServices.Unsafe.As<float, uint>(ref MemoryMarshal.GetReference(destination[..source.Length]));
        var i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            for (; i <= source.Length - 32; i += 32)
            {
                var (lower, upper) = Vector512.Widen(Vector512.LoadUnsafe(ref from, (nuint)i));
                (lower << 16).StoreUnsafe(ref to, (nuint)i);
                (upper << 16).StoreUnsafe(ref to, (nuint)i + 16);
            }
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            for (; i <= source.Length - 16; i += 16)
            {
                var (lower, upper) = Vector256.Widen(Vector256.LoadUnsafe(ref from, (nuint)i));
                (lower << 16).StoreUnsafe(ref to, (nuint)i);
                (upper << 16).StoreUnsafe(ref to, (nuint)i + 8);
            }
        }

        for (; i < source.Length; i++)
        {
            destination[i] = BitConverter.UInt32BitsToSingle((uint)source[i] << 16);
        }
    }

    /// <summary>Narrows with one rounding to nearest even; a NaN stays a NaN.</summary>
    public static void Narrow(ReadOnlySpan<float> source, Span<ushort> destination)
    {
        ref var from = ref System.Runtime.CompilerServices.Unsafe.As<float, uint>(ref MemoryMarshal.GetReference(source));
        ref var to = ref MemoryMarshal.GetReference(destination[..source.Length]);
        var i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            for (; i <= source.Length - 32; i += 32)
            {
                var lower = RoundBits(Vector512.LoadUnsafe(ref from, (nuint)i)) >> 16;
                var upper = RoundBits(Vector512.LoadUnsafe(ref from, (nuint)i + 16)) >> 16;
                Vector512.Narrow(lower, upper).StoreUnsafe(ref to, (nuint)i);
            }
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            for (; i <= source.Length - 16; i += 16)
            {
                var lower = RoundBits(Vector256.LoadUnsafe(ref from, (nuint)i)) >> 16;
                var upper = RoundBits(Vector256.LoadUnsafe(ref from, (nuint)i + 8)) >> 16;
                Vector256.Narrow(lower, upper).StoreUnsafe(ref to, (nuint)i);
            }
        }

        for (; i < source.Length; i++)
        {
            destination[i] = (ushort)(RoundBits(BitConverter.SingleToUInt32Bits(source[i])) >> 16);
        }
    }

    /// <summary>Rounds in place to what bfloat16 can hold.</summary>
    public static void Round(Span<float> values)
    {
        ref var bits = ref System.Runtime.CompilerServices.Unsafe.As<float, uint>(ref MemoryMarshal.GetReference(values));
        var i = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            for (; i <= values.Length - 16; i += 16)
            {
                RoundBits(Vector512.LoadUnsafe(ref bits, (nuint)i)).StoreUnsafe(ref bits, (nuint)i);
            }
        }
        else if (Vector256.IsHardwareAccelerated)
        {
            for (; i <= values.Length - 8; i += 8)
            {
                RoundBits(Vector256.LoadUnsafe(ref bits, (nuint)i)).StoreUnsafe(ref bits, (nuint)i);
            }
        }

        for (; i < values.Length; i++)
        {
            values[i] = Round(values[i]);
        }
    }

    /// <summary>Rounds one value.</summary>
    public static float Round(float value) => BitConverter.UInt32BitsToSingle(RoundBits(BitConverter.SingleToUInt32Bits(value)));

    // Adding half of the last kept place, a little less when that place is even, carries exactly where nearest-even rounds up.
    private static uint RoundBits(uint bits) =>
        (bits & 0x7FFFFFFF) > 0x7F800000 ? (bits | 0x00400000) & 0xFFFF0000 : (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000;

    private static Vector512<uint> RoundBits(Vector512<uint> bits)
    {
        var rounded = bits + Vector512.Create(0x7FFFu) + ((bits >> 16) & Vector512<uint>.One);
        var isNaN = Vector512.GreaterThan(bits & Vector512.Create(0x7FFFFFFFu), Vector512.Create(0x7F800000u));
        return Vector512.ConditionalSelect(isNaN, bits | Vector512.Create(0x00400000u), rounded) & Vector512.Create(0xFFFF0000u);
    }

    private static Vector256<uint> RoundBits(Vector256<uint> bits)
    {
        var rounded = bits + Vector256.Create(0x7FFFu) + ((bits >> 16) & Vector256<uint>.One);
        var isNaN = Vector256.GreaterThan(bits & Vector256.Create(0x7FFFFFFFu), Vector256.Create(0x7F800000u));
        return Vector256.ConditionalSelect(isNaN, bits | Vector256.Create(0x00400000u), rounded) & Vector256.Create(0xFFFF0000u);
    }
}
