using System.Text.Json.Nodes;

namespace LamdAgent.Checkpoints;

/// <summary>
/// Reads rotary parameters in transformers 5's words (<c>rope_parameters</c>, per layer type in Gemma 3) and in transformers 4's (<c>rope_theta</c>,
/// <c>rope_scaling</c>, <c>rope_local_base_freq</c>). Where a file has both, what wins is what wins in transformers 5.
/// </summary>
internal static class RopeReader
{
    private static readonly string[] LayerTypes = ["full_attention", "sliding_attention"];

    public static (RopeParameters Full, RopeParameters? Local) Read(ConfigKeys keys, string modelType)
    {
        var modern = keys.Node("rope_parameters") as JsonObject;
        var scaling = keys.Node("rope_scaling") as JsonObject;
        if (modelType == "gemma3_text")
        {
            return PerLayerType(keys, modern, scaling);
        }

        var rope = scaling is { Count: > 0 } ? scaling : modern ?? [];
        if (LayerTypes.Any(rope.ContainsKey))
        {
            // Of the families that are known only Gemma 3 has such; others are merged, not computed.
            return FamilyKeys.Of(modelType) is null
                ? (One(keys, (rope["full_attention"] ?? rope["sliding_attention"]) as JsonObject ?? [], keys.Number("rope_theta"), modelType), null)
                : throw keys.Error($"'rope_parameters' names layer types, which {modelType} does not have");
        }

        return (One(keys, rope, keys.Number("rope_theta"), modelType), null);
    }

    // rope_scaling is about the full layers only.
    private static (RopeParameters Full, RopeParameters Local) PerLayerType(ConfigKeys keys, JsonObject? modern, JsonObject? scaling)
    {
        // transformers writes keys of its own beside the two; they mean nothing. Without the two it would take its defaults in silence.
        if (modern is { Count: > 0 } && !LayerTypes.Any(modern.ContainsKey))
        {
            throw keys.Error("'rope_parameters' of gemma3_text needs 'full_attention' and 'sliding_attention'");
        }

        var full = (modern?["full_attention"] as JsonObject)?.DeepClone().AsObject() ?? [];
        foreach (var (key, value) in scaling ?? [])
        {
            full[key] = value?.DeepClone();
        }

        return (One(keys, full, keys.Number("rope_theta"), "gemma3_text"), One(keys, modern?["sliding_attention"] as JsonObject ?? [], keys.Number("rope_local_base_freq"), "gemma3_text"));
    }

    private static RopeParameters One(ConfigKeys keys, JsonObject json, double? theta, string modelType)
    {
        var rope = keys.Below(json);
        var type = rope.Text("rope_type", "type") ?? "default";
        var outer = keys.Int("original_max_position_embeddings");
        var inner = rope.Int("original_max_position_embeddings");
        return new RopeParameters
        {
            Theta = rope.Number("rope_theta") ?? theta ?? 10_000,
            // Phi-3's first files have other names for longrope.
            Type = modelType == "phi3" && type is ("su" or "yarn") ? "longrope" : type,
            Factor = rope.Number("factor"),
            LowFrequencyFactor = rope.Number("low_freq_factor"),
            HighFrequencyFactor = rope.Number("high_freq_factor"),
            OriginalMaxPositionEmbeddings = outer ?? inner,
            AttentionFactor = rope.Number("attention_factor"),
            BetaFast = rope.Number("beta_fast"),
            BetaSlow = rope.Number("beta_slow"),
            MScale = rope.Number("mscale"),
            MScaleAllDim = rope.Number("mscale_all_dim"),
            Truncate = rope.Flag("truncate") ?? true,
            ShortFactor = Numbers(rope, "short_factor"),
            LongFactor = Numbers(rope, "long_factor"),
            // Without scaling only Phi-3 reads the share; the others rotate whole heads.
            PartialRotaryFactor = type == "default" && modelType != "phi3" && FamilyKeys.Of(modelType) is not null
                ? 1
                : rope.Number("partial_rotary_factor") ?? keys.Number("partial_rotary_factor") ?? 1,
        };
    }

    private static double[]? Numbers(ConfigKeys keys, string key) =>
        keys.Node(key) is JsonArray list ? [.. list.Select(item => item is JsonValue value && value.TryGetValue<double>(out var number) ? number : throw keys.Error($"'{key}' is not a list of numbers"))] : null;
}
