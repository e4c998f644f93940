using System.Runtime.Intrinsics.X86;

namespace LamdAgent.Modeling.Native;

/// <summary>What this machine's processor does well.</summary>
public static class ProcessorFeatures
{
    /// <summary>
    /// Whether bfloat16 matrix products are fast on the CPU. libtorch has kernels for them from AVX-512 (BW, DQ, VL) on; elsewhere it multiplies number by number, a hundred
    /// times slower than float32 (0.9 instead of 60 to 120 GFLOP/s on two AVX2 cores).
    /// </summary>
    public static bool HasFastBFloat16 { get; } = Avx512BW.VL.IsSupported && Avx512DQ.VL.IsSupported;
}
