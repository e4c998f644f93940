using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;

namespace LamdAgent.Modeling.Architectures;

/// <summary>
/// The families of models that can be loaded, each a function from its config to the parts it is made of. To add one: a function here, and where it
/// brings something new, a value in <see cref="DecoderSpec"/> that the part concerned understands. Modelled on transformers' <c>modeling_*.py</c> files.
/// </summary>
public static class DecoderFamilies
{
    private static readonly Dictionary<string, Func<ModelConfig, DecoderSpec>> Known = new(StringComparer.Ordinal)
    {
        ["llama"] = Llama,
        ["mistral"] = Llama,
        ["ministral"] = Llama,
        ["qwen2"] = c => Llama(c) with { QueryKeyValueBias = true },
        ["qwen3"] = c => Llama(c) with { QueryKeyNorm = QueryKeyNorm.PerHead },
        ["gemma2"] = c => Gemma(c) with { ScoreSoftcap = c.AttentionLogitSoftcapping },
        ["gemma3_text"] = c => Gemma(c) with { QueryKeyNorm = QueryKeyNorm.PerHead, SlidingRope = c.LocalRope },
        ["phi3"] = Phi3,
        ["smollm3"] = c => Llama(c) with { NoRopeLayers = c.NoRopeLayers },
        ["olmo2"] = c => Llama(c) with { Names = WeightNames.Olmo2, NormPlacement = NormPlacement.AfterBranch, QueryKeyNorm = QueryKeyNorm.WholeProjection },
        ["gpt2"] = Gpt2,
        ["granite"] = Granite,
    };

    /// <summary>The <c>model_type</c> values that can be loaded.</summary>
    public static IReadOnlyCollection<string> ModelTypes => Known.Keys;

    /// <summary>The parts of a model.</summary>
    /// <exception cref="InvalidInputException">The family or a setting of the config is not supported; the message names it.</exception>
    public static DecoderSpec Describe(ModelConfig config)
    {
        if (!Known.TryGetValue(config.ModelType, out var family))
        {
            throw new InvalidInputException($"config.json: model_type '{config.ModelType}' is not supported; supported: {string.Join(", ", Known.Keys)}");
        }

        Refuse(config, "use_bidirectional_attention");
        Refuse(config, "add_cross_attention");
        Refuse(config, "is_causal", but: true);
        Refuse(config, "quantization_config");
        var spec = family(config);
        if (spec.Heads % spec.KeyValueHeads != 0)
        {
            throw new InvalidInputException($"config.json: num_attention_heads ({spec.Heads}) is not a multiple of num_key_value_heads ({spec.KeyValueHeads})");
        }

        CheckLayerTypes(config, spec);
        foreach (var rope in new[] { spec.Rope, spec.SlidingRope }.OfType<RopeParameters>())
        {
            RopeFrequencies.Check(rope, spec.HeadDim);
            CheckRope(config, rope);
        }

        return config.SequenceLabels switch
        {
            null => spec,
            1 => spec.WithScoreHead(),
            var labels => throw new InvalidInputException($"config.json: a classifier of {labels} labels; only reward models, which have one, are supported"),
        };
    }

    /// <summary>What transformers calls the reward model of a family.</summary>
    /// <exception cref="InvalidInputException">transformers has none.</exception>
    public static string RewardArchitecture(string modelType) => modelType switch
    {
        "llama" => "LlamaForSequenceClassification",
        "mistral" => "MistralForSequenceClassification",
        "ministral" => "MinistralForSequenceClassification",
        "qwen2" => "Qwen2ForSequenceClassification",
        "qwen3" => "Qwen3ForSequenceClassification",
        "gemma2" => "Gemma2ForSequenceClassification",
        "gemma3_text" => "Gemma3TextForSequenceClassification",
        "phi3" => "Phi3ForSequenceClassification",
        "smollm3" => "SmolLM3ForSequenceClassification",
        "olmo2" => "Olmo2ForSequenceClassification",
        "gpt2" => "GPT2ForSequenceClassification",
        _ => throw new InvalidInputException($"method: reward: transformers has no reward model for {modelType} that could load the result; start from a model of another family"),
    };

    private static DecoderSpec Llama(ModelConfig c) => new()
    {
        ModelType = c.ModelType,
        VocabSize = c.VocabSize,
        HiddenSize = c.HiddenSize,
        IntermediateSize = c.IntermediateSize,
        Layers = c.NumHiddenLayers,
        Heads = c.NumAttentionHeads,
        KeyValueHeads = c.NumKeyValueHeads,
        HeadDim = c.HeadDim,
        MaxPositions = c.MaxPositionEmbeddings,
        NormEpsilon = c.NormEpsilon,
        QueryKeyValueBias = c.AttentionBias,
        AttentionOutputBias = c.AttentionBias,
        FeedForwardBias = c.MlpBias,
        Activation = ActivationOf(c),
        AttentionScale = 1 / Math.Sqrt(c.HeadDim),
        SlidingWindow = c.SlidingWindow,
        SlidingLayers = c.SlidingLayers,
        Rope = c.Rope,
        TiedEmbeddings = c.TieWordEmbeddings,
        PaddingId = c.PadTokenId is { } padding and < 0 ? c.VocabSize + padding : c.PadTokenId, // counted from the end, as PyTorch does
        InitializerRange = c["initializer_range"] is { } range && range.GetValueKind() == JsonValueKind.Number ? range.GetValue<double>() : 0.02,
    };

    // Gemma 3's config has a soft cap of the scores as well; its attention does not apply it.
    private static DecoderSpec Gemma(ModelConfig c) => Llama(c) with
    {
        Names = WeightNames.Gemma,
        Norm = NormKind.RmsPlusOne,
        NormPlacement = NormPlacement.AroundBranch,
        AttentionScale = 1 / Math.Sqrt(c.QueryPreAttentionScalar ?? c.HeadDim),
        LogitSoftcap = c.FinalLogitSoftcapping,
        EmbeddingScale = Math.Sqrt(c.HiddenSize),
        RoundsEmbeddingScale = true,
    };

    private static DecoderSpec Phi3(ModelConfig c) => Llama(c) with
    {
        Names = WeightNames.Phi3,
        RereadBeyond = c.Rope.Type == "longrope" ? c.Rope.OriginalMaxPositionEmbeddings : null,
    };

    private static DecoderSpec Granite(ModelConfig c) => Llama(c) with
    {
        AttentionScale = c.AttentionMultiplier ?? 1,
        EmbeddingScale = c.EmbeddingMultiplier,
        ResidualScale = c.ResidualMultiplier,
        LogitsDivisor = c.LogitsScaling,
    };

    private static DecoderSpec Gpt2(ModelConfig c) => Llama(c) with
    {
        Names = WeightNames.Gpt2,
        Norm = NormKind.Layer,
        GatedFeedForward = false,
        QueryKeyValueBias = true,
        AttentionOutputBias = true,
        FeedForwardBias = true,
        AttentionScale = c["scale_attn_weights"]?.GetValueKind() == JsonValueKind.False ? 1 : 1 / Math.Sqrt(c.HeadDim),
        DividesScaleByLayer = c["scale_attn_by_inverse_layer_idx"]?.GetValueKind() == JsonValueKind.True,
        PaddingId = null,
        Rope = null,
    };

    private static Activation ActivationOf(ModelConfig c) => c.Activation switch
    {
        "silu" or "swish" => Activation.Silu,
        "gelu_pytorch_tanh" or "gelu_new" or "gelu_fast" => Activation.GeluTanh,
        "gelu" => Activation.Gelu,
        "relu" => Activation.Relu,
        var other => throw new InvalidInputException($"config.json: the activation '{other}' is not supported; supported: silu, gelu, gelu_new, gelu_pytorch_tanh, relu"),
    };

    private static void CheckLayerTypes(ModelConfig config, DecoderSpec spec)
    {
        var types = config["layer_types"] is JsonArray list ? list.Select(t => t?.ToString() ?? "null").ToList() : [];
        if (types.Find(t => t is not ("full_attention" or "sliding_attention")) is { } other)
        {
            throw new InvalidInputException($"config.json: the layer type '{other}' is not supported; supported: full_attention, sliding_attention");
        }

        var asked = types.Contains("sliding_attention") || spec.SlidingLayers.Any(s => s);
        if (asked && spec.SlidingWindow is not > 0)
        {
            throw new InvalidInputException($"config.json: layers of {config.ModelType} slide, but there is no sliding_window of at least 1 that they could use");
        }
    }

    private static void CheckRope(ModelConfig config, RopeParameters rope)
    {
        if (config.ModelType == "phi3" && rope.Type is not ("default" or "longrope"))
        {
            throw new InvalidInputException($"config.json: rope type '{rope.Type}' is not supported for phi3; supported: default, longrope");
        }

        if (config.ModelType != "phi3" && rope.PartialRotaryFactor != 1)
        {
            throw new InvalidInputException($"config.json: partial_rotary_factor = {rope.PartialRotaryFactor} with rope type '{rope.Type}' is not supported for {config.ModelType}, whose heads are rotated whole");
        }
    }

    private static void Refuse(ModelConfig config, string key, bool but = false)
    {
        if (config[key] is { } value && value.GetValueKind() is var kind && kind != JsonValueKind.Null && kind != (but ? JsonValueKind.True : JsonValueKind.False))
        {
            throw new InvalidInputException($"config.json: {key} = {value.ToJsonString()} is not supported for {config.ModelType}");
        }
    }
}
