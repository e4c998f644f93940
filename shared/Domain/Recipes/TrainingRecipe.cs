using System.Collections;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LamdAgent.Domain.Configuration;

namespace LamdAgent.Domain.Recipes;

/// <summary>
/// One training, completely: everything that decides the result stands here, so the same recipe, inputs and thread count give the same bytes.
/// In YAML the keys are flat and carry the names of TRL and transformers (<c>method: sft</c>, <c>learning_rate: 1e-4</c> ...); keys that the method has no use for
/// are refused. The reference is <c>shared/docs/training.md</c>.
/// </summary>
public sealed record TrainingRecipe
{
    private static readonly JsonSerializerOptions CanonicalJson = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>What is optimised, key <c>method</c>.</summary>
    public required TrainingMethod Method { get; init; }

    /// <summary>Folder of the model to start from, key <c>model</c> or <c>model_name_or_path</c>; null when the caller supplies it.</summary>
    public string? Model { get; init; }

    /// <summary>Folder of the frozen reference model, key <c>ref_model</c>; null (default): the model as it was at the start.</summary>
    public string? RefModel { get; init; }

    /// <summary><c>checkpoint</c> (default) starts from the model's weights, <c>random</c> from new ones drawn by the seed as transformers does (config and tokenizer suffice).</summary>
    public string Init { get; init; } = "checkpoint";

    /// <summary>Data and batches.</summary>
    public DataSettings Data { get; init; } = new();

    /// <summary>Optimizer and schedule.</summary>
    public OptimizationSettings Optimization { get; init; } = new();

    /// <summary>sft and cpt: <c>chunked_nll</c> (default), <c>nll</c> (the same number) or <c>dft</c>.</summary>
    public string SftLossType { get; init; } = "chunked_nll";

    /// <summary>Losses over preferences.</summary>
    public PreferenceSettings Preference { get; init; } = new();

    /// <summary>Rewards of generated answers.</summary>
    public ReinforcementSettings Reinforcement { get; init; } = new();

    /// <summary>Distillation.</summary>
    public DistillationSettings Distillation { get; init; } = new();

    /// <summary>Low-rank adapters, key <c>lora</c> (<c>true</c> or a mapping); null (default): all weights train.</summary>
    public LoraSettings? Lora { get; init; }

    /// <summary>Machine, evaluation, saving.</summary>
    public RunSettings Run { get; init; } = new();

    /// <summary>Every key that some method understands, with the methods that do.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<TrainingMethod>> Keys { get; } = CollectKeys();

    /// <summary>Reads a recipe.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="file">Its name, for messages; paths in it are kept as written (see <see cref="ResolvePaths"/>).</param>
    /// <exception cref="InvalidInputException">Something is wrong, with its line.</exception>
    public static TrainingRecipe Parse(string yaml, string file) => Read(ConfigDocument.Parse(yaml, file));

    /// <summary>Reads a recipe file and makes its paths absolute, relative ones starting from the file's folder.</summary>
    /// <param name="file">The file.</param>
    /// <param name="modelGiven">Whether the caller brings the model to start from, so that the recipe need not.</param>
    /// <exception cref="InvalidInputException">The file is missing or wrong, or names what is not there.</exception>
    public static TrainingRecipe Load(string file, bool modelGiven = false)
    {
        string text;
        try
        {
            text = File.ReadAllText(file);
        }
        catch (IOException e)
        {
            throw new InvalidInputException(file, null, $"cannot read the recipe: {e.Message}", e);
        }

        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        var mapping = ConfigDocument.Parse(text, file);
        var recipe = Read(mapping);
        RecipeFileCheck.Check(mapping, recipe, folder, modelGiven);
        return recipe.ResolvePaths(folder);
    }

    /// <summary>Builds a recipe from keys and values, as a planner does. Values: text, numbers, booleans, lists, dictionaries, JSON elements.</summary>
    /// <param name="settings">The keys of a recipe file.</param>
    /// <param name="origin">What to call the source in messages, e.g. <c>action sft</c>.</param>
    /// <exception cref="InvalidInputException">A key or value is wrong.</exception>
    public static TrainingRecipe FromSettings(IEnumerable<KeyValuePair<string, object?>> settings, string origin) =>
        Read(new ConfigMapping(origin, 1, "", [.. settings.Select(s => (s.Key, 1, ToNode(s.Value, origin, s.Key)))]));

    /// <summary>Reads a recipe from a mapping that was already parsed, to its last key.</summary>
    public static TrainingRecipe Read(ConfigMapping mapping)
    {
        var reader = new RecipeReader(mapping);
        var recipe = Read(reader, out var method);
        foreach (var (key, line, _) in mapping.Entries)
        {
            if (!reader.Asked.Contains(key) && Keys is not null && Keys.TryGetValue(key, out var methods))
            {
                throw new InvalidInputException(mapping.File, line, $"'{key}' has no meaning for method '{method}' (it is for {string.Join(", ", methods.Select(NameOf))})");
            }
        }

        foreach (var (key, line, _) in mapping.Entries)
        {
            if (!reader.Asked.Contains(key) && KeysOfOthers.Remedy(key) is { } remedy)
            {
                throw new InvalidInputException(mapping.File, line, $"'{key}' is no key of recipes here: {remedy}");
            }
        }

        mapping.RejectUnknownKeys();
        return recipe;
    }

    /// <summary>The name that recipes use for a method.</summary>
    public static string NameOf(TrainingMethod method) => method.ToString().ToLowerInvariant();

    /// <summary>The same recipe with absolute paths.</summary>
    public TrainingRecipe ResolvePaths(string folder)
    {
        return this with
        {
            Model = At(Model),
            RefModel = At(RefModel),
            Data = Data with
            {
                Train = [.. Data.Train.Select(d => d with { Path = At(d.Path)! })],
                Eval = [.. Data.Eval.Select(d => d with { Path = At(d.Path)! })],
            },
            Distillation = Distillation with { TeacherModel = At(Distillation.TeacherModel) },
            Reinforcement = Reinforcement with { RewardModels = [.. Reinforcement.RewardModels.Select(m => At(m)!)] },
        };

        string? At(string? path) => path is null ? null : Path.GetFullPath(path, Path.GetFullPath(folder));
    }

    /// <summary>All settings with their defaults filled in, as one line of JSON: what two runs must share to be the same experiment.</summary>
    public string ToCanonicalJson() => JsonSerializer.Serialize(this, CanonicalJson);

    /// <summary>The keys of a recipe file that gives this recipe, defaults filled in.</summary>
    public JsonObject ToKeys() => RecipeKeys.Of(this);

    private static TrainingRecipe Read(RecipeReader r, out string methodName)
    {
        var names = Enum.GetValues<TrainingMethod>().Select(NameOf).Concat(["dr_grpo", "dapo"]).ToList();
        var named = r.Optional("method") ?? throw r.Error("method", "'method' is missing");
        methodName = named is ConfigScalar { Text: "ppo" } ? throw r.Error("method", "ppo is not trained here: it needs a value model; grpo and rloo take its place") : named.AsOneOf(names);

        // Dr. GRPO and DAPO are GRPO with their loss type.
        var relative = methodName is "dr_grpo" or "dapo" ? methodName : null;
        var method = relative is null ? Enum.Parse<TrainingMethod>(methodName, ignoreCase: true) : TrainingMethod.Grpo;
        var model = r.Text("model");
        if (r.Text("model_name_or_path") is { } longName)
        {
            model = model is null ? longName : throw r.Error("model_name_or_path", "give model or model_name_or_path, not both");
        }

        var data = DataSettings.Read(r);
        var recipe = new TrainingRecipe
        {
            Method = method,
            Model = model,
            RefModel = UsesReference(method) ? r.Text("ref_model") : null,
            Init = r.OneOf("init", "checkpoint", ["checkpoint", "random"]),
            Data = data,
            Optimization = OptimizationSettings.Read(r, method),
            SftLossType = method is TrainingMethod.Cpt or TrainingMethod.Sft ? r.OneOf("loss_type", "chunked_nll", ["chunked_nll", "nll", "dft"]) : "chunked_nll",
            Preference = method is >= TrainingMethod.Dpo and <= TrainingMethod.Reward ? PreferenceSettings.Read(r, method) : new(),
            Reinforcement = method is TrainingMethod.Grpo or TrainingMethod.Rloo ? ReinforcementSettings.Read(r, method) : new(),
            Distillation = method is TrainingMethod.Distillation or TrainingMethod.Gkd ? DistillationSettings.Read(r, method) : new(),
            Lora = ReadLora(r.Optional("lora")),
            Run = RunSettings.Read(r, data.Eval.Count > 0),
        };
        if (relative is not null)
        {
            recipe = recipe with { Reinforcement = recipe.Reinforcement with { LossType = relative } };
        }

        return recipe;
    }

    private static bool UsesReference(TrainingMethod method) =>
        method is TrainingMethod.Dpo or TrainingMethod.Kto or TrainingMethod.Grpo or TrainingMethod.Rloo;

    private static LoraSettings? ReadLora(ConfigNode? node) => node switch
    {
        null => null,
        ConfigMapping m => LoraSettings.Read(m),
        _ => node.AsBool() ? new LoraSettings() : null,
    };

    private static SortedDictionary<string, IReadOnlyList<TrainingMethod>> CollectKeys()
    {
        var keys = new SortedDictionary<string, List<TrainingMethod>>(StringComparer.Ordinal);
        foreach (var method in Enum.GetValues<TrainingMethod>())
        {
            var reader = new RecipeReader(new ConfigMapping("", 1, "", [("method", 1, new ConfigScalar("", 1, "method", NameOf(method), false))]));
            _ = Read(reader, out _);
            foreach (var key in reader.Asked)
            {
                if (!keys.TryGetValue(key, out var methods))
                {
                    keys[key] = methods = [];
                }

                methods.Add(method);
            }
        }

        var result = new SortedDictionary<string, IReadOnlyList<TrainingMethod>>(StringComparer.Ordinal);
        foreach (var (key, methods) in keys)
        {
            result[key] = methods;
        }

        return result;
    }

    private static ConfigNode ToNode(object? value, string file, string path) => value switch
    {
        ConfigNode node => node,
        null => new ConfigScalar(file, 1, path, "null", false),
        string text => new ConfigScalar(file, 1, path, text, true),
        bool flag => new ConfigScalar(file, 1, path, flag ? "true" : "false", false),
        JsonElement json => FromJson(json, file, path),
        IEnumerable<KeyValuePair<string, object?>> map =>
            new ConfigMapping(file, 1, path, [.. map.Select(e => (e.Key, 1, ToNode(e.Value, file, $"{path}.{e.Key}")))]),
        IEnumerable list => new ConfigSequence(file, 1, path, [.. list.Cast<object?>().Select((item, i) => ToNode(item, file, $"{path}[{i}]"))]),
        IFormattable number => new ConfigScalar(file, 1, path, number.ToString(null, CultureInfo.InvariantCulture), false),
        _ => throw new InvalidInputException($"{file}: {path}: a value of type {value.GetType().Name} cannot stand in a recipe"),
    };

    private static ConfigNode FromJson(JsonElement json, string file, string path) => json.ValueKind switch
    {
        JsonValueKind.Object => new ConfigMapping(file, 1, path, [.. json.EnumerateObject().Select(p => (p.Name, 1, FromJson(p.Value, file, $"{path}.{p.Name}")))]),
        JsonValueKind.Array => new ConfigSequence(file, 1, path, [.. json.EnumerateArray().Select((item, i) => FromJson(item, file, $"{path}[{i}]"))]),
        JsonValueKind.String => new ConfigScalar(file, 1, path, json.GetString()!, true),
        _ => new ConfigScalar(file, 1, path, json.GetRawText(), false),
    };
}
