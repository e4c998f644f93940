using LamdAgent.Modeling.Kernels;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Architectures;

/// <summary>The feed-forward part: down(act(gate(x)) * up(x)) (Shazeer, 2020, arXiv 2002.05202) with gate and up in one product, or down(act(up(x))).</summary>
internal sealed class FeedForward
{
    private readonly bool gated;
    private readonly int inner;
    private readonly Activation activation;
    private readonly Projection gateUp;
    private readonly Projection down;

    public FeedForward(DecoderSpec spec, ParameterLayout layout, int layer)
    {
        gated = spec.GatedFeedForward;
        inner = spec.IntermediateSize;
        activation = spec.Activation;
        var names = spec.Names;
        var prefix = names.Prefix + string.Format(names.Layer, layer);
        (string, int)[] modules = names.GateUp is [var gate, var up]
            ? [(prefix + gate, inner), (prefix + up, inner)]
            : [(prefix + names.GateUp[0], gated ? 2 * inner : inner)];
        gateUp = new Projection(layout, modules, spec.HiddenSize, spec.FeedForwardBias, names.InputMajor, ParameterKind.Projection);
        down = new Projection(layout, [(prefix + names.Down, spec.HiddenSize)], inner, spec.FeedForwardBias, names.InputMajor, ParameterKind.ResidualProjection);
    }

    public IEnumerable<Projection> Projections => [gateUp, down];

    // (N, D) -> (N, D)
    public Tensor Forward(Tensor x, ForwardPass pass)
    {
        var wide = gateUp.Forward(x, pass);
        return down.Forward(gated ? Gate(wide, pass) : Activate(wide), pass);
    }

    // (N, 2 * inner) -> (N, inner)
    private Tensor Gate(Tensor wide, ForwardPass pass)
    {
        if (pass.Fused && FusedGate.Serves(activation) && Rows.Serve(wide))
        {
            return FusedGate.Run(wide, activation);
        }

        var parts = wide.split([inner, inner], -1);
        return Activate(parts[0]) * parts[1];
    }

    private Tensor Activate(Tensor x) => activation switch
    {
        Activation.Silu => nn.functional.silu(x),
        Activation.GeluTanh => nn.functional.gelu(x, approximate: TorchSharp.Modules.GELU.Approximate.tanh),
        Activation.Gelu => nn.functional.gelu(x),
        _ => nn.functional.relu(x),
    };
}
