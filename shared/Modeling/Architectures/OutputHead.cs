using static TorchSharp.torch;

namespace LamdAgent.Modeling.Architectures;

/// <summary>
/// The output layer of one pass, for callers that compute logits in pieces (a chunked loss never holds (N, V) at once). <see cref="Weight"/> is part of the graph while
/// gradients are taken.
/// </summary>
public sealed class OutputHead
{
    private readonly Decoder decoder;

    internal OutputHead(Decoder decoder, Tensor weight, double divisor, double? softcap)
    {
        this.decoder = decoder;
        Weight = weight;
        Divisor = divisor;
        Softcap = softcap;
    }

    /// <summary>The matrix, [V, D], in the compute dtype.</summary>
    public Tensor Weight { get; }

    /// <summary>Logits are divided by this (Granite); 1 elsewhere.</summary>
    public double Divisor { get; }

    /// <summary>Logits become cap * tanh(logit / cap) (Gemma 2); null elsewhere.</summary>
    public double? Softcap { get; }

    /// <summary>Logits of some hidden states.</summary>
    /// <param name="hidden">[M, D].</param>
    /// <returns>[M, V], in the compute dtype.</returns>
    public Tensor Logits(Tensor hidden) => decoder.Logits(hidden, Weight);
}
