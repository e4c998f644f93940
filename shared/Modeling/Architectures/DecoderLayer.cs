using static TorchSharp.torch;

namespace LamdAgent.Modeling.Architectures;

/// <summary>Attention and feed-forward part, each in a residual branch with the norms that the family puts around it.</summary>
internal sealed class DecoderLayer
{
    private readonly Attention attention;
    private readonly FeedForward feedForward;
    private readonly Norm? beforeAttention;
    private readonly Norm? afterAttention;
    private readonly Norm? beforeFeedForward;
    private readonly Norm? afterFeedForward;
    private readonly double residualScale;

    public DecoderLayer(DecoderSpec spec, ParameterLayout layout, int layer, RopeTable? rope)
    {
        residualScale = spec.ResidualScale;
        var first = layout.SlotCount;
        var names = spec.Names;
        var prefix = names.Prefix + string.Format(names.Layer, layer);
        beforeAttention = NormOf(names.BeforeAttention);
        attention = new Attention(spec, layout, layer, rope);
        afterAttention = NormOf(names.AfterAttention);
        beforeFeedForward = NormOf(names.BeforeFeedForward);
        feedForward = new FeedForward(spec, layout, layer);
        afterFeedForward = NormOf(names.AfterFeedForward);
        Slots = Enumerable.Range(first, layout.SlotCount - first);

        Norm? NormOf(string? name) => name is null ? null : new Norm(layout, prefix + name, spec.Norm, spec.HiddenSize, spec.NormEpsilon);
    }

    /// <summary>Slots of all weights of the layer.</summary>
    public IEnumerable<int> Slots { get; }

    public IEnumerable<Projection> Projections => attention.Projections.Concat(feedForward.Projections);

    // (N, D) -> (N, D)
    public Tensor Forward(Tensor x, ForwardPass pass)
    {
        x = Add(x, attention.Forward(beforeAttention?.Forward(x, pass) ?? x, pass), afterAttention, pass);
        return Add(x, feedForward.Forward(beforeFeedForward?.Forward(x, pass) ?? x, pass), afterFeedForward, pass);
    }

    private Tensor Add(Tensor x, Tensor branch, Norm? after, ForwardPass pass)
    {
        branch = after?.Forward(branch, pass) ?? branch;
        return residualScale == 1 ? x + branch : x.add(branch, residualScale);
    }
}
