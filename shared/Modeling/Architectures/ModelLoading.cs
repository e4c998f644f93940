using static TorchSharp.torch;

namespace LamdAgent.Modeling.Architectures;

/// <summary>How a model is brought into memory. Device and dtype are always said, never taken from a process-wide default.</summary>
public sealed record ModelLoading
{
    /// <summary>Where it computes. Default: the CPU.</summary>
    public Device Device { get; init; } = CPU;

    /// <summary>What it computes in: Float32 (default), BFloat16 or Float16.</summary>
    public ScalarType Dtype { get; init; } = ScalarType.Float32;

    /// <summary>Whether weights are going to be trained: the master copy is then float32 whatever <see cref="Dtype"/>. Default false.</summary>
    public bool Trainable { get; init; }
}
