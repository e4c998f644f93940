using System.Text.Json.Nodes;

namespace LamdAgent.Checkpoints;

/// <summary>
/// Reads rotary parameters in transformers 5's words (<c>rope_parameters</c>, per layer type in Gemma 3) and in transformers 4's (<c>rope_theta</c>,
/// <c>rope_scaling</c>, <c>rope_local_base_freq</c>).
/// </summary>
internal static class RopeReader
{
    public static (RopeParameters Full, RopeParameters? Local) Read(ConfigKeys keys, string modelType, bool gemma3)
    {
        var theta = keys.Number("rope_theta") ?? (gemma3 ? 1_000_000 : modelType == "smollm3" ? 2_000_000 : 10_000);
        var localTheta = keys.Number("rope_local_base_freq") ?? 10_000;
        var partial = keys.Number("partial_rotary_factor") ?? 1;
        var original = keys.Int("original_max_position_embeddings");
        if (keys.Node("rope_parameters") is JsonObject modern)
        {
            var full = modern["full_attention"] as JsonObject;
            var sliding = modern["sliding_attention"] as JsonObject;
            if (full is not null || sliding is not null)
            {
                return (One(keys, full ?? sliding!, theta, partial, original), sliding is null || full is null ? null : One(keys, sliding, localTheta, partial, original));
            }

            return (One(keys, modern, theta, partial, original), gemma3 ? new RopeParameters { Theta = localTheta, PartialRotaryFactor = partial } : null);
        }

        var scaling = keys.Node("rope_scaling") as JsonObject;
        return (
            scaling is null ? new RopeParameters { Theta = theta, PartialRotaryFactor = partial, OriginalMaxPositionEmbeddings = original } : One(keys, scaling, theta, partial, original),
            gemma3 ? new RopeParameters { Theta = localTheta, PartialRotaryFactor = partial } : null);
    }

    private static RopeParameters One(ConfigKeys keys, JsonObject json, double theta, double partial, int? original)
    {
        var rope = keys.Below(json);
        return new RopeParameters
        {
            Theta = rope.Number("rope_theta") ?? theta,
            Type = rope.Text("rope_type", "type") ?? "default",
            Factor = rope.Number("factor") ?? 1,
            LowFrequencyFactor = rope.Number("low_freq_factor"),
            HighFrequencyFactor = rope.Number("high_freq_factor"),
            OriginalMaxPositionEmbeddings = rope.Int("original_max_position_embeddings") ?? original,
            AttentionFactor = rope.Number("attention_factor"),
            BetaFast = rope.Number("beta_fast"),
            BetaSlow = rope.Number("beta_slow"),
            MScale = rope.Number("mscale"),
            MScaleAllDim = rope.Number("mscale_all_dim"),
            Truncate = rope.Flag("truncate") ?? true,
            ShortFactor = Numbers(rope, "short_factor"),
            LongFactor = Numbers(rope, "long_factor"),
            PartialRotaryFactor = rope.Number("partial_rotary_factor") ?? partial,
        };
    }

    private static double[]? Numbers(ConfigKeys keys, string key) =>
        keys.Node(key) is JsonArray list ? [.. list.Select(item => item is JsonValue value && value.TryGetValue<double>(out var number) ? number : throw keys.Error($"'{key}' is not a list of numbers"))] : null;
}
