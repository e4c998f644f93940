using System.Text.Json.Nodes;
using System.Text.Json;
using LamdAgent.Checkpoints;
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
    private static readonly string[] Refused =
    [
        "layer_replication", "megatron_config", "trainable_token_indices", "lora_bias", "use_qalora", "target_parameters", "alora_invocation_tokens", "corda_config", "use_bdlora",
        "arrow_config", "monteclora_config", "velora_config", "kasa_config",
    ];

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

            if (json["init_lora_weights"] is JsonValue beginning && beginning.TryGetValue<string>(out var way) && AdapterNames.ChangesTheBase(way))
            {
                throw new InvalidInputException(
                    path, null, $"init_lora_weights '{way}' changes the base model's weights as well; save the adapter as plain LoRA (PEFT: save_pretrained with path_initial_model_for_weight_conversion)");
            }

            return new LoraConfiguration
            {
                Rank = json["r"]?.GetValue<int>() ?? 8,
                Alpha = json["lora_alpha"]?.GetValue<double>() ?? 8,
                Dropout = json["lora_dropout"]?.GetValue<double>() ?? 0,
                TargetModules = Names(json["target_modules"]) is { Count: > 0 } targets
                    ? targets
                    : throw new InvalidInputException(path, null, $"target_modules must be names, a regular expression or {LoraConfiguration.AllLinear}, not {json["target_modules"]?.ToJsonString() ?? "null"}"),
                ExcludeModules = Names(json["exclude_modules"]),
                LayersToTransform = json["layers_to_transform"] switch
                {
                    JsonArray numbers => [.. numbers.Select(n => n!.GetValue<int>())],
                    JsonValue number => [number.GetValue<int>()],
                    _ => [],
                },
                LayersPattern = Names(json["layers_pattern"]),
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
            ["target_modules"] = configuration.TargetModules is [LoraConfiguration.AllLinear] ? LoraConfiguration.AllLinear : NamesNode(configuration.TargetModules),
            ["exclude_modules"] = NamesNode(configuration.ExcludeModules),
            ["modules_to_save"] = spec.HasScoreHead ? new JsonArray(ScoreModule) : null,
            ["use_rslora"] = configuration.UseRslora,
            ["use_dora"] = configuration.UseDora,
            ["init_lora_weights"] = true,
            ["layers_to_transform"] = configuration.LayersToTransform.Count == 0 ? null : new JsonArray([.. configuration.LayersToTransform.Select(n => (JsonNode)n)]),
            ["layers_pattern"] = NamesNode(configuration.LayersPattern),
            ["rank_pattern"] = new JsonObject(configuration.RankPattern.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value))),
            ["alpha_pattern"] = new JsonObject(configuration.AlphaPattern.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)p.Value))),
        };
        File.WriteAllText(Path.Combine(folder, ConfigFile), json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
    }

    // One text is a regular expression or a name; a list has names.
    private static IReadOnlyList<string> Names(JsonNode? node) => node switch
    {
        JsonArray names => [.. names.Select(t => t!.GetValue<string>())],
        JsonValue one => [one.GetValue<string>() is var text && text.Equals(LoraConfiguration.AllLinear, StringComparison.OrdinalIgnoreCase) ? LoraConfiguration.AllLinear : text],
        _ => [],
    };

    private static JsonNode? NamesNode(IReadOnlyList<string> names) =>
        names.Count == 0 ? null : AdapterNames.IsExpression(names) ? names[0] : new JsonArray([.. names.Select(t => (JsonNode)t)]);

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
