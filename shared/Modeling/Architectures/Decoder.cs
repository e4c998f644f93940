using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Architectures;

/// <summary>Embedding, layers, final norm and output layer, assembled from a <see cref="DecoderSpec"/>. Holds no weights: they come with each pass.</summary>
internal sealed class Decoder
{
    /// <summary>A reward model's output layer, under the name that every family has for it.</summary>
    public const string ScoreName = "score.weight";

    private readonly DecoderSpec spec;
    private readonly int embedding;
    private readonly int? positions;
    private readonly DecoderLayer[] layers;
    private readonly Norm finalNorm;
    private readonly int output;
    private readonly Dictionary<Checkpoints.RopeParameters, RopeTable> tables = [];

    public Decoder(DecoderSpec spec)
    {
        this.spec = spec;
        var names = spec.Names;
        embedding = Layout.Add($"{names.Prefix}{names.Embedding}.weight", ParameterKind.Embedding, spec.VocabSize, spec.HiddenSize);
        positions = names.Positions is null ? null : Layout.Add($"{names.Prefix}{names.Positions}.weight", ParameterKind.Embedding, spec.MaxPositions, spec.HiddenSize);
        layers = new DecoderLayer[spec.Layers];
        for (var i = 0; i < spec.Layers; i++)
        {
            RopeTable? table = null;
            if (spec.RopeOf(i) is { } rope && !tables.TryGetValue(rope, out table))
            {
                table = new RopeTable(rope, spec.HeadDim, spec.MaxPositions);
                tables.Add(rope, table);
            }

            layers[i] = new DecoderLayer(spec, Layout, i, table);
        }

        finalNorm = new Norm(Layout, names.Prefix + names.FinalNorm, spec.Norm, spec.HiddenSize, spec.NormEpsilon);
        output = spec.HasScoreHead ? Layout.Add(ScoreName, ParameterKind.Projection, 1, spec.HiddenSize)
            : spec.TiedEmbeddings ? embedding
            : Layout.Add($"{names.Output}.weight", ParameterKind.Projection, spec.VocabSize, spec.HiddenSize);
    }

    /// <summary>Where the parameters lie.</summary>
    public ParameterLayout Layout { get; } = new();

    /// <summary>Every projection of the layers, for adapters.</summary>
    public IEnumerable<Projection> Projections => layers.SelectMany(l => l.Projections);

    /// <summary>Slot of the output layer's matrix.</summary>
    public int OutputSlot => output;

    // (N) ids -> (N, D), after the final norm
    public Tensor Hidden(int[] ids, ForwardPass pass)
    {
        var x = Embed(ids, pass);
        x = pass.OnEmbedding?.Invoke(x) ?? x;
        Prepare(x, pass);
        foreach (var layer in layers)
        {
            pass.HiddenStates?.Add(x);
            // What the graph does not need is freed layer by layer, not at the end of the caller's scope.
            using var scope = NewDisposeScope();
            var next = (pass.Recompute ? LayerRecomputation.Run(layer, x, pass) : layer.Forward(x, pass)).MoveToOuterDisposeScope();
            if (pass.HiddenStates is null)
            {
                x.Dispose();
            }

            x = next;
        }

        x = finalNorm.Forward(x, pass);
        pass.HiddenStates?.Add(x);
        return x;
    }

    // (M, D) -> (M, V)
    public Tensor Logits(Tensor hidden, Tensor matrix)
    {
        var logits = nn.functional.linear(hidden, matrix);
        if (spec.LogitsDivisor != 1)
        {
            logits = logits / spec.LogitsDivisor;
        }

        return spec.LogitSoftcap is { } cap ? cap * tanh(logits / cap) : logits;
    }

    // What layers share is made before the first of them, in the caller's scope.
    private void Prepare(Tensor x, ForwardPass pass)
    {
        if (spec.SlidingWindow is { } window && spec.SlidingLayers.Any(s => s))
        {
            pass.Attention.Prepare(window, x.dtype);
        }

        if (spec.ScoreSoftcap is not null)
        {
            pass.Attention.Prepare(null, x.dtype);
        }

        if (!pass.Fused || !Kernels.Rows.Serve(x))
        {
            foreach (var table in tables.Values)
            {
                pass.Rotation(table);
            }
        }
    }

    private Tensor Embed(int[] ids, ForwardPass pass)
    {
        var matrix = pass.Weights[embedding];
        var x = matrix.index_select(0, Index(ids));
        if (spec.PaddingId is { } padding && x.requires_grad && Array.IndexOf(ids, padding) >= 0)
        {
            x = where(tensor(Array.ConvertAll(ids, id => id == padding), ScalarType.Bool, pass.Device).unsqueeze(-1), x.detach(), x);
        }

        if (spec.EmbeddingScale != 1)
        {
            x = spec.RoundsEmbeddingScale ? x * tensor((float)spec.EmbeddingScale, x.dtype, x.device) : x * spec.EmbeddingScale;
        }

        return positions is { } slot ? x + pass.Weights[slot].index_select(0, Index(pass.Positions)) : x;

        Tensor Index(int[] rows) => tensor(Array.ConvertAll(rows, r => (long)r), ScalarType.Int64, pass.Device);
    }
}
