using static TorchSharp.torch;

namespace LamdAgent.Modeling.Architectures;

/// <summary>Multi-head attention with grouped key and value heads (arXiv 2305.13245): one product for q, k and v, norms and rotation, the plan's attention, the output product.</summary>
internal sealed class Attention
{
    private readonly AttentionSettings settings;
    private readonly QueryKeyNorm queryKeyNorm;
    private readonly Projection queryKeyValue;
    private readonly Projection output;
    private readonly Norm? queryNorm;
    private readonly Norm? keyNorm;
    private readonly RopeTable? rope;

    public Attention(DecoderSpec spec, ParameterLayout layout, int layer, RopeTable? rope)
    {
        this.rope = rope;
        settings = new AttentionSettings(layer, spec.Heads, spec.KeyValueHeads, spec.HeadDim, spec.ScaleOf(layer), spec.ScoreSoftcap, spec.WindowOf(layer));
        queryKeyNorm = spec.QueryKeyNorm;
        var names = spec.Names;
        var prefix = names.Prefix + string.Format(names.Layer, layer);
        int queries = spec.Heads * spec.HeadDim, keys = spec.KeyValueHeads * spec.HeadDim;
        (string, int)[] modules = names.QueryKeyValue is [var q, var k, var v]
            ? [(prefix + q, queries), (prefix + k, keys), (prefix + v, keys)]
            : [(prefix + names.QueryKeyValue[0], queries + keys + keys)];
        queryKeyValue = new Projection(layout, modules, spec.HiddenSize, spec.QueryKeyValueBias, names.InputMajor, ParameterKind.Projection);
        output = new Projection(layout, [(prefix + names.AttentionOutput, spec.HiddenSize)], queries, spec.AttentionOutputBias, names.InputMajor, ParameterKind.ResidualProjection);
        if (queryKeyNorm != QueryKeyNorm.None)
        {
            var whole = queryKeyNorm == QueryKeyNorm.WholeProjection;
            queryNorm = new Norm(layout, prefix + names.QueryNorm, spec.Norm, whole ? queries : spec.HeadDim, spec.NormEpsilon);
            keyNorm = new Norm(layout, prefix + names.KeyNorm, spec.Norm, whole ? keys : spec.HeadDim, spec.NormEpsilon);
        }
    }

    public IEnumerable<Projection> Projections => [queryKeyValue, output];

    // (N, D) -> (N, D)
    public Tensor Forward(Tensor x, ForwardPass pass)
    {
        var (h, kv, width) = (settings.Heads, settings.KeyValueHeads, settings.HeadDim);
        var qkv = queryKeyValue.Forward(x, pass); // (N, (H + 2 KV) * head dim)
        var heads = queryKeyNorm == QueryKeyNorm.None ? qkv.view(-1, h + kv + kv, width) : Normalize(qkv, pass);
        if (rope is not null)
        {
            heads = RotaryEmbedding.Rotate(heads, h + kv, rope, pass);
        }

        return output.Forward(pass.Attention.Attend(heads, settings), pass);
    }

    private Tensor Normalize(Tensor qkv, ForwardPass pass)
    {
        var (h, kv, width) = (settings.Heads, settings.KeyValueHeads, settings.HeadDim);
        if (queryKeyNorm == QueryKeyNorm.WholeProjection)
        {
            var wide = qkv.split([h * width, kv * width, kv * width], -1);
            return cat([queryNorm!.Forward(wide[0], pass), keyNorm!.Forward(wide[1], pass), wide[2]], -1).view(-1, h + kv + kv, width);
        }

        var parts = qkv.view(-1, h + kv + kv, width).split([h, kv, kv], 1);
        return cat([queryNorm!.Forward(parts[0], pass), keyNorm!.Forward(parts[1], pass), parts[2]], 1);
    }
}
