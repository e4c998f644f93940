using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Architectures;

/// <summary>How a model is brought into memory. Device and dtype are always said, never taken from a process-wide default.</summary>
public sealed record ModelLoading
{
    /// <summary>Where it computes. Default: the CPU.</summary>
    public Device Device { get; init; } = CPU;

    /// <summary>
    /// What it computes in: Float32 (default), BFloat16 or Float16. A CPU without 16-bit matrix instructions computes in float32 instead, which is a hundred times faster there and
    /// at least as exact; <see cref="CausalLanguageModel.Dtype"/> says what was taken.
    /// </summary>
    public ScalarType Dtype { get; init; } = ScalarType.Float32;

    /// <summary>Whether <see cref="Dtype"/> is taken even where the processor is slow at it, to compare with machines that are not. Default false.</summary>
    public bool EvenWhereSlow { get; init; }

    /// <summary>Whether weights are going to be trained: the master copy is then float32 whatever <see cref="Dtype"/>. Default false.</summary>
    public bool Trainable { get; init; }

    /// <summary>Whether norms, rotation and gates run in the one-pass kernels of <c>Kernels/</c> where those can serve (the CPU). Default true; false takes plain operations everywhere, as on a GPU, to compare with.</summary>
    public bool Fused { get; init; } = true;

    // libtorch hands bfloat16 products to oneDNN only where the CPU has AVX-512; without it they fall to a plain loop (measured: under 1 GFLOP/s beside 60 in float32).
    internal ScalarType ComputeDtype =>
        EvenWhereSlow || Device.type != DeviceType.CPU || (Dtype == ScalarType.BFloat16 && Avx512BW.IsSupported) ? Dtype : ScalarType.Float32;
}
