using LamdAgent.Checkpoints;

namespace LamdAgent.Modeling.Architectures;

/// <summary>
/// Which parts a decoder is assembled from and how wide they are: what all families share, with the differences between them spelled out as values. A
/// family is a function from its config to one of these (<see cref="DecoderFamilies"/>).
/// </summary>
public sealed record DecoderSpec
{
    /// <summary>The family's name in config.json, for messages.</summary>
    public required string ModelType { get; init; }

    /// <summary>Rows of the embedding, V.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Width of the residual stream, D.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Inner width of the feed-forward part.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Number of layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Query heads, H.</summary>
    public required int Heads { get; init; }

    /// <summary>Key and value heads; each serves H / this many query heads.</summary>
    public required int KeyValueHeads { get; init; }

    /// <summary>Width of a head; heads * this may differ from <see cref="HiddenSize"/>.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Longest context the model was made for; positions beyond it exist only for rotary embeddings.</summary>
    public required int MaxPositions { get; init; }

    /// <summary>Kind of every norm of the residual stream.</summary>
    public NormKind Norm { get; init; } = NormKind.Rms;

    /// <summary>Epsilon of every norm.</summary>
    public required double NormEpsilon { get; init; }

    /// <summary>Where the norms of a layer stand.</summary>
    public NormPlacement NormPlacement { get; init; } = NormPlacement.BeforeBranch;

    /// <summary>Norms of queries and keys before rotation.</summary>
    public QueryKeyNorm QueryKeyNorm { get; init; } = QueryKeyNorm.None;

    /// <summary>Whether q, k, v have a bias.</summary>
    public bool QueryKeyValueBias { get; init; }

    /// <summary>Whether the output projection of the attention has a bias.</summary>
    public bool AttentionOutputBias { get; init; }

    /// <summary>Whether the feed-forward projections have a bias.</summary>
    public bool FeedForwardBias { get; init; }

    /// <summary>Activation between the feed-forward projections.</summary>
    public Activation Activation { get; init; } = Activation.Silu;

    /// <summary>Whether the activation gates a second projection (SwiGLU, GeGLU) or stands alone (GPT-2).</summary>
    public bool GatedFeedForward { get; init; } = true;

    /// <summary>Factor on the attention scores.</summary>
    public required double AttentionScale { get; init; }

    /// <summary>Whether layer i divides its scores by i + 1 besides (GPT-2's <c>scale_attn_by_inverse_layer_idx</c>).</summary>
    public bool DividesScaleByLayer { get; init; }

    /// <summary>Scores become cap * tanh(score / cap) before masking; null without a cap.</summary>
    public double? ScoreSoftcap { get; init; }

    /// <summary>Logits become cap * tanh(logit / cap); null without a cap.</summary>
    public double? LogitSoftcap { get; init; }

    /// <summary>In layers of <see cref="SlidingLayers"/> a token sees itself and this many - 1 before it.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>For each layer, whether it slides.</summary>
    public required IReadOnlyList<bool> SlidingLayers { get; init; }

    /// <summary>Rotary positions; null: learned positions, added to the embedding (GPT-2).</summary>
    public RopeParameters? Rope { get; init; }

    /// <summary>Rotary positions of sliding layers where they differ (Gemma 3).</summary>
    public RopeParameters? SlidingRope { get; init; }

    /// <summary>For each layer, whether it goes without rotary positions (SmolLM3); null: none does.</summary>
    public IReadOnlyList<bool>? NoRopeLayers { get; init; }

    /// <summary>
    /// Generation that grows past this many tokens reads its text again: the frequencies of longrope jump there, and Phi-3 throws away keys that were rotated by the old ones. Null: keys stay.
    /// </summary>
    public int? RereadBeyond { get; init; }

    /// <summary>Factor on the embedding.</summary>
    public double EmbeddingScale { get; init; } = 1;

    /// <summary>Whether <see cref="EmbeddingScale"/> is rounded to the dtype of the weights before use (Gemma; it matters in bfloat16).</summary>
    public bool RoundsEmbeddingScale { get; init; }

    /// <summary>Padding token: its row of the embedding takes no gradient from being read, wherever it stands (PyTorch's <c>padding_idx</c>); null: every row does (GPT-2).</summary>
    public int? PaddingId { get; init; }

    /// <summary>Factor on each branch before it is added to the residual stream.</summary>
    public double ResidualScale { get; init; } = 1;

    /// <summary>Logits are divided by this.</summary>
    public double LogitsDivisor { get; init; } = 1;

    /// <summary>Whether the output layer is the embedding.</summary>
    public bool TiedEmbeddings { get; init; }

    /// <summary>Whether it ends in one number for each token (a reward model's <c>score.weight</c>, [1, D]) in place of logits over the vocabulary.</summary>
    public bool HasScoreHead { get; init; }

    /// <summary>Standard deviation of new weights.</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>How the checkpoint calls its tensors.</summary>
    public WeightNames Names { get; init; } = WeightNames.Llama;

    /// <summary>The same decoder as a reward model. Scales and caps of logits are none of its business, as in transformers' <c>GenericForSequenceClassification</c>.</summary>
    internal DecoderSpec WithScoreHead() => this with { HasScoreHead = true, TiedEmbeddings = false, LogitsDivisor = 1, LogitSoftcap = null };

    /// <summary>Rotary positions of a layer; null when it has none.</summary>
    internal RopeParameters? RopeOf(int layer) =>
        NoRopeLayers is { } without && without[layer] ? null : SlidingLayers[layer] && SlidingRope is { } local ? local : Rope;

    /// <summary>Factor on the scores of a layer.</summary>
    internal double ScaleOf(int layer) => DividesScaleByLayer ? AttentionScale / (layer + 1) : AttentionScale;

    /// <summary>Window of a layer; null when it sees everything before it.</summary>
    internal int? WindowOf(int layer) => SlidingLayers[layer] ? SlidingWindow : null;
}
