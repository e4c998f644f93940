using System.Security.Cryptography;
using System.Text;

namespace LamdAgent.Merging.Numerics;

/// <summary>
/// Random draws by place: the draw for element i of a model's tensor depends on the seed, the names and i alone, so it is the same whichever thread makes
/// it and in whatever order. The mixing function is that of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
/// </summary>
internal static class CounterRandom
{
    /// <summary>A seed for a tensor, from that of the merge.</summary>
    public static long Seed(long seed, string name)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{seed} {name}"));
        return BitConverter.ToInt64(hash);
    }

    /// <summary>A number of [0, 1) with 24 random bits.</summary>
    public static float Uniform(long seed, long index)
    {
        var z = (ulong)seed + ((ulong)index * 0x9E3779B97F4A7C15);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        z ^= z >> 31;
        return (z >> 40) * (1.0f / (1 << 24));
    }
}
