using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using System.Text;

namespace LamdAgent.Merging.Numerics;

/// <summary>
/// Random draws by place: the draw for element i of a model's tensor depends on the seed, the names and i alone, so it is the same whichever thread makes
/// it, in whatever order, and with vectors of any width. The mixing function is MurmurHash3's 32-bit finalizer (Appleby, public domain), twice, with one half of
/// the seed in each round.
/// </summary>
internal static class CounterRandom
{
    private const uint Golden = 0x9E3779B9;
    private const uint First = 0x85EBCA6B;
    private const uint Second = 0xC2B2AE35;
    private const int Bits = 24;

    /// <summary>A seed for a tensor, from that of the merge.</summary>
    public static long Seed(long seed, string name)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{seed} {name}"));
        return BitConverter.ToInt64(hash);
    }

    /// <summary>A number of [0, 1) with 24 random bits.</summary>
    public static float Uniform(long seed, long index) => (Mix(Key(seed, index), (uint)index, (uint)seed) >> (32 - Bits)) * (1.0f / (1 << Bits));

    /// <summary>Sets elements to 0 whose draw is not below a probability.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="start">Index of the first element.</param>
    /// <param name="keep">Probability to keep an element.</param>
    /// <param name="values">The elements.</param>
    public static void Thin<T>(long seed, long start, double keep, Span<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var limit = (uint)Math.Ceiling((float)keep * (double)(1 << Bits));
        var i = 0;
        if (typeof(T) == typeof(float) && Vector512.IsHardwareAccelerated)
        {
            ref var value = ref MemoryMarshal.GetReference(MemoryMarshal.Cast<T, uint>(values));
            var lanes = Vector512.CreateSequence(0u, 1u);
            var limits = Vector512.Create(limit);
            // The upper half of the index enters the key: a vector must not cross its steps.
            for (; i <= values.Length - 16 && (start + i) >> 32 == (start + i + 15) >> 32; i += 16)
            {
                var draws = Mix(Key(seed, start + i), Vector512.Create((uint)(start + i)) + lanes, (uint)seed) >>> (32 - Bits);
                (Vector512.LoadUnsafe(ref value, (nuint)i) & Vector512.LessThan(draws, limits)).StoreUnsafe(ref value, (nuint)i);
            }
        }

        if (typeof(T) == typeof(float) && Vector256.IsHardwareAccelerated)
        {
            ref var value = ref MemoryMarshal.GetReference(MemoryMarshal.Cast<T, uint>(values));
            var lanes = Vector256.CreateSequence(0u, 1u);
            var limits = Vector256.Create(limit);
            for (; i <= values.Length - 8 && (start + i) >> 32 == (start + i + 7) >> 32; i += 8)
            {
                var draws = Mix(Key(seed, start + i), Vector256.Create((uint)(start + i)) + lanes, (uint)seed) >>> (32 - Bits);
                (Vector256.LoadUnsafe(ref value, (nuint)i) & Vector256.LessThan(draws, limits)).StoreUnsafe(ref value, (nuint)i);
            }
        }

        for (; i < values.Length; i++)
        {
            if (Mix(Key(seed, start + i), (uint)(start + i), (uint)seed) >> (32 - Bits) >= limit)
            {
                values[i] = T.Zero;
            }
        }
    }

    private static uint Key(long seed, long index) => (uint)(seed >> 32) ^ ((uint)(index >> 32) * Golden);

    private static uint Mix(uint key, uint index, uint seed)
    {
        var x = (index * Golden) + seed;
        x = (x ^ (x >> 16)) * First;
        x = (x ^ (x >> 13)) * Second;
        x = x ^ (x >> 16) ^ key;
        x = (x ^ (x >> 16)) * First;
        x = (x ^ (x >> 13)) * Second;
        return x ^ (x >> 16);
    }

    private static Vector256<uint> Mix(uint key, Vector256<uint> index, uint seed)
    {
        var x = (index * Golden) + Vector256.Create(seed);
        x = (x ^ (x >>> 16)) * First;
        x = (x ^ (x >>> 13)) * Second;
        x = x ^ (x >>> 16) ^ Vector256.Create(key);
        x = (x ^ (x >>> 16)) * First;
        x = (x ^ (x >>> 13)) * Second;
        return x ^ (x >>> 16);
    }

    private static Vector512<uint> Mix(uint key, Vector512<uint> index, uint seed)
    {
        var x = (index * Golden) + Vector512.Create(seed);
        x = (x ^ (x >>> 16)) * First;
        x = (x ^ (x >>> 13)) * Second;
        x = x ^ (x >>> 16) ^ Vector512.Create(key);
        x = (x ^ (x >>> 16)) * First;
        x = (x ^ (x >>> 13)) * Second;
        return x ^ (x >>> 16);
    }
}
