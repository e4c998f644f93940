using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Domain;
using LamdAgent.Modeling.Architectures;

namespace LamdAgent.Modeling.Adapters;

/// <summary>PEFT's folder layout: <c>adapter_config.json</c> beside <c>adapter_model.safetensors</c>, whose names start with <c>base_model.model.</c>.</summary>
internal static class PeftFiles
{
    public const string ConfigFile = "adapter_config.json";
    public const string WeightFile = "adapter_model.safetensors";
    public const string Prefix = "base_model.model.";
    public const string A = ".lora_A.weight";
    public const string B = ".lora_B.weight";
    public const string Magnitude = ".lora_magnitude_vector";

    // PEFT's word for the module that trains whole: a reward model's head.
    private const string ScoreModule = "score";

    // What changes the mathematics and is not done here; anything but absent, null, false or empty is refused.
    private static readonly string[] Refused = ["layers_to_transform", "layers_pattern", "layer_replication", "megatron_config", "trainable_token_indices", "lora_bias", "use_qalora", "target_parameters", "exclude_modules", "alora_invocation_tokens", "eva_config", "corda_config"];

    public static LoraConfiguration ReadConfig(string folder, DecoderSpec spec)
    {
        var path = Path.Combine(folder, ConfigFile);
        if (!File.Exists(path))
        {
            throw new InvalidInputException(folder, null, $"not an adapter folder: {ConfigFile} is missing");
        }

        try
        {
            var json = JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? throw new InvalidInputException(path, null, "not a JSON object");
            if (json["peft_type"]?.GetValue<string>() is var type && type != "LORA")
            {
                throw new InvalidInputException(path, null, $"peft_type '{type}' is not supported; supported: LORA");
            }

            foreach (var key in Refused.Where(k => IsSet(json[k])))
            {
                throw new InvalidInputException(path, null, $"{key} is not supported");
            }

            var saved = json["modules_to_save"] is JsonArray list && list.Count > 0 ? string.Join(", ", list.Select(t => t!.GetValue<string>())) : null;
            if (saved != (spec.HasScoreHead ? ScoreModule : null))
            {
                throw new InvalidInputException(path, null, spec.HasScoreHead
                    ? $"modules_to_save must be [{ScoreModule}] for a reward model; it is [{saved}]"
                    : $"modules_to_save is not supported; it names {saved}");
            }

            if (json["bias"]?.GetValue<string>() is { } bias and not "none")
            {
                throw new InvalidInputException(path, null, $"bias '{bias}' is not supported; supported: none");
            }

            return new LoraConfiguration
            {
                Rank = json["r"]?.GetValue<int>() ?? 8,
                Alpha = json["lora_alpha"]?.GetValue<double>() ?? 8,
                Dropout = json["lora_dropout"]?.GetValue<double>() ?? 0,
                TargetModules = json["target_modules"] switch
                {
                    JsonArray names => [.. names.Select(t => t!.GetValue<string>())],
                    JsonValue one when one.GetValue<string>() == LoraConfiguration.AllLinear => [LoraConfiguration.AllLinear],
                    var other => throw new InvalidInputException(path, null, $"target_modules must be a list of names or {LoraConfiguration.AllLinear}, not {other?.ToJsonString() ?? "null"}"),
                },
                UseRslora = json["use_rslora"]?.GetValue<bool>() ?? false,
                UseDora = json["use_dora"]?.GetValue<bool>() ?? false,
                RankPattern = Pattern(json["rank_pattern"], v => v.GetValue<int>()),
                AlphaPattern = Pattern(json["alpha_pattern"], v => v.GetValue<double>()),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidInputException(path, null, $"not a valid adapter config: {e.Message}", e);
        }
    }

    public static void WriteConfig(string folder, LoraConfiguration configuration, string? baseModel, DecoderSpec spec)
    {
        var json = new JsonObject
        {
            ["peft_type"] = "LORA",
            ["task_type"] = spec.HasScoreHead ? "SEQ_CLS" : "CAUSAL_LM",
            ["base_model_name_or_path"] = baseModel,
            ["inference_mode"] = true,
            ["r"] = configuration.Rank,
            ["lora_alpha"] = configuration.Alpha,
            ["lora_dropout"] = configuration.Dropout,
            ["bias"] = "none",
            ["fan_in_fan_out"] = spec.Names.InputMajor,
            ["target_modules"] = configuration.TargetModules is [LoraConfiguration.AllLinear] ? LoraConfiguration.AllLinear : new JsonArray([.. configuration.TargetModules.Select(t => (JsonNode)t)]),
            ["modules_to_save"] = spec.HasScoreHead ? new JsonArray(ScoreModule) : null,
            ["use_rslora"] = configuration.UseRslora,
            ["use_dora"] = configuration.UseDora,
            ["init_lora_weights"] = true,
            ["layers_to_transform"] = null,
            ["rank_pattern"] = new JsonObject(configuration.RankPattern.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value))),
            ["alpha_pattern"] = new JsonObject(configuration.AlphaPattern.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value))),
        };
        File.WriteAllText(Path.Combine(folder, ConfigFile), json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
    }

    private static bool IsSet(JsonNode? node) => node switch
    {
        null => false,
        JsonArray list => list.Count > 0,
        JsonObject map => map.Count > 0,
        _ => node.GetValueKind() is not (JsonValueKind.False or JsonValueKind.Null),
    };

    private static Dictionary<string, T> Pattern<T>(JsonNode? node, Func<JsonNode, T> read) =>
        node is JsonObject map ? map.ToDictionary(p => p.Key, p => read(p.Value!), StringComparer.Ordinal) : [];
}
