using System.Text.Json;
using System.Text.RegularExpressions;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Merging.Numerics;

namespace LamdAgent.Merging.Sources;

/// <summary>
/// A LoRA adapter in PEFT layout: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>, whose tensors are named
/// <c>base_model.model.MODULE.lora_A.weight</c> ([r, in]) and <c>lora_B.weight</c> ([out, r]); <c>lora_embedding_A</c> and <c>lora_embedding_B</c> at an embedding [in, out]. A weight W becomes W + scale * B A with scale = alpha/r, or
/// alpha/sqrt(r) with <c>use_rslora</c>. With DoRA (a <c>lora_magnitude_vector</c> [out] beside them) each row of that sum is then brought to the length that the vector says. What would need
/// more (quantised bases, other kinds of adapters) is refused.
/// </summary>
internal sealed partial class LoraAdapter : IDisposable
{
    private readonly string _folder;
    private readonly SafetensorsFile _file;
    private readonly Dictionary<string, LoraMatrices> _modules = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SafetensorsTensor> _replaced = new(StringComparer.Ordinal);
    private readonly bool _transposed;

    private LoraAdapter(string folder, SafetensorsFile file, JsonElement config)
    {
        _folder = folder;
        _file = file;
        _transposed = Flag(config, "fan_in_fan_out");
        foreach (var kind in new[] { "use_qalora", "lora_bias" })
        {
            if (Flag(config, kind))
            {
                throw Error($"adapters with {kind} are not supported");
            }
        }

        if (config.TryGetProperty("peft_type", out var type) && type.ValueKind == JsonValueKind.String && type.GetString() != "LORA")
        {
            throw Error($"adapters of type {type.GetString()} are not supported; LORA is");
        }

        if (config.TryGetProperty("init_lora_weights", out var beginning) && beginning.ValueKind == JsonValueKind.String && AdapterNames.ChangesTheBase(beginning.GetString()!))
        {
            throw Error($"init_lora_weights '{beginning.GetString()}' changed the base model's weights as well; save the adapter as plain LoRA (PEFT: save_pretrained with path_initial_model_for_weight_conversion)");
        }

        ReadTensors(config);
    }

    /// <summary>Name of the settings' file.</summary>
    public const string ConfigFile = CarriedAdapter.ConfigFile;

    private const string WeightsFile = "adapter_model.safetensors";

    /// <summary>Whether a folder holds an adapter.</summary>
    public static bool IsAdapter(string folder) => File.Exists(Path.Combine(folder, ConfigFile));

    /// <summary>The base model that an adapter's settings name, or null.</summary>
    public static string? BaseModelOf(string folder)
    {
        using var config = ReadConfig(folder);
        return config.RootElement.TryGetProperty("base_model_name_or_path", out var name) && name.ValueKind == JsonValueKind.String && name.GetString() is { Length: > 0 } text ? text : null;
    }

    /// <summary>Opens an adapter's folder.</summary>
    /// <exception cref="InvalidInputException">It is not one, or one that needs more than adding B A.</exception>
    public static LoraAdapter Open(string folder)
    {
        using var config = ReadConfig(folder);
        var weights = Path.Combine(folder, WeightsFile);
        if (!File.Exists(weights))
        {
            throw new InvalidInputException(folder, null, $"{WeightsFile} is missing{(File.Exists(Path.Combine(folder, "adapter_model.bin")) ? "; adapter_model.bin can run code when it is read and is refused" : "")}");
        }

        var file = SafetensorsFile.Open(weights);
        try
        {
            return new LoraAdapter(folder, file, config.RootElement);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>A tensor of the base with this adapter's change, or null when it has none for it.</summary>
    public TensorSource? Apply(string name, TensorSource source)
    {
        var replacement = _replaced.TryGetValue(name, out var stored) ? new StoredSource(stored) : null;
        return name.EndsWith(".weight", StringComparison.Ordinal) && _modules.TryGetValue(name[..^".weight".Length], out var module)
            ? new LoraSource(replacement ?? source, module)
            : replacement;
    }

    /// <summary>Checks that every part of the adapter has its place in a model.</summary>
    /// <param name="folder">The model's folder, for messages.</param>
    /// <param name="tensors">Its tensors by their whole names.</param>
    /// <exception cref="InvalidInputException">One has not, or its shape does not fit.</exception>
    public void CheckFits(string folder, IReadOnlyDictionary<string, SafetensorsTensor> tensors)
    {
        foreach (var (module, lora) in _modules)
        {
            if (!tensors.TryGetValue(module + ".weight", out var weight))
            {
                throw Error($"changes {module}, which the model {folder} does not have");
            }

            long[] expected = lora.Transposed ? [lora.Inputs, lora.Outputs] : [lora.Outputs, lora.Inputs];
            if (!weight.Shape.SequenceEqual(expected))
            {
                throw Error($"{module} is [{string.Join(", ", expected)}] here and [{string.Join(", ", weight.Shape)}] in the model {folder}");
            }
        }

        foreach (var (name, tensor) in _replaced)
        {
            if (!tensors.TryGetValue(name, out var stored) || !stored.Shape.SequenceEqual(tensor.Shape))
            {
                throw Error($"replaces {name}, which the model {folder} does not have in this shape");
            }
        }
    }

    /// <inheritdoc />
    public void Dispose() => _file.Dispose();

    private void ReadTensors(JsonElement config)
    {
        var halves = new Dictionary<string, (SafetensorsTensor? A, SafetensorsTensor? B, SafetensorsTensor? Magnitude)>(StringComparer.Ordinal);
        var embeddings = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tensor in _file.InOrder)
        {
            var name = tensor.Name.StartsWith("base_model.model.", StringComparison.Ordinal) ? tensor.Name["base_model.model.".Length..] : tensor.Name;
            var match = LoraName().Match(name);
            if (match.Success)
            {
                var module = match.Groups["module"].Value;
                var pair = halves.GetValueOrDefault(module);
                halves[module] = match.Groups["half"].Value switch { "A" => pair with { A = tensor }, "B" => pair with { B = tensor }, _ => pair with { Magnitude = tensor } };
            }
            else if (EmbeddingName().Match(name) is { Success: true } row)
            {
                var module = row.Groups["module"].Value;
                embeddings.Add(module);
                var pair = halves.GetValueOrDefault(module);
                halves[module] = row.Groups["half"].Value == "A" ? pair with { A = tensor } : pair with { B = tensor };
            }
            else if (name.Contains("lora_", StringComparison.Ordinal))
            {
                throw Error($"the tensor {tensor.Name} is of a kind that is not supported");
            }
            else
            {
                // modules_to_save: trained in full and stored under the module's own name. base_layer: the weight below an adapter, which PEFT stores with adapters of
                // embeddings and output layers.
                _replaced[name.Replace(".base_layer.", ".", StringComparison.Ordinal).Replace(".modules_to_save.default.", ".", StringComparison.Ordinal).Replace(".modules_to_save.", ".", StringComparison.Ordinal)] = tensor;
            }
        }

        foreach (var (module, (a, b, magnitude)) in halves)
        {
            if (a is null || b is null || a.Shape.Count != 2 || b.Shape.Count != 2 || a.Shape[0] != b.Shape[1] || a.Shape[0] == 0)
            {
                throw Error($"lora_A and lora_B of {module} do not belong together");
            }

            // An embedding [in, out] is looked up by rows, so its change is that of a weight stored the other way round.
            var transposed = _transposed || embeddings.Contains(module);
            if (magnitude is not null != Flag(config, "use_dora") || (magnitude is not null && (magnitude.ElementCount != b.Shape[0] || transposed)))
            {
                throw Error(transposed ? $"{module}: use_dora with fan_in_fan_out or on an embedding is not supported" : $"lora_magnitude_vector of {module} does not go with use_dora and lora_B");
            }

            var rank = (int)a.Shape[0];
            _modules.Add(module, new LoraMatrices(Values(a), Values(b), magnitude is null ? null : Values(magnitude), rank, (int)a.Shape[1], (int)b.Shape[0], Scale(config, module, rank), transposed));
        }

        if (_modules.Count == 0 && _replaced.Count == 0)
        {
            throw Error("there is nothing in it");
        }
    }

    private float Scale(JsonElement config, string module, int storedRank)
    {
        var rank = Pattern(config, "rank_pattern", module) ?? Number(config, "r") ?? storedRank;
        if ((int)rank != storedRank)
        {
            throw Error($"{module} has rank {storedRank}, its settings say {rank}");
        }

        var alpha = Pattern(config, "alpha_pattern", module) ?? Number(config, "lora_alpha") ?? rank;
        return (float)(Flag(config, "use_rslora") ? alpha / Math.Sqrt(rank) : alpha / rank);
    }

    // A pattern's key is a regular expression that the end of a module's name matches, as in PEFT.
    private static double? Pattern(JsonElement config, string key, string module) =>
        config.TryGetProperty(key, out var patterns) && patterns.ValueKind == JsonValueKind.Object
            ? AdapterNames.Lookup(patterns.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.Number).Select(p => KeyValuePair.Create(p.Name, p.Value.GetDouble())), module)
            : null;

    private static JsonDocument ReadConfig(string folder)
    {
        var path = Path.Combine(folder, ConfigFile);
        if (!File.Exists(path))
        {
            throw new InvalidInputException(folder, null, $"not a LoRA adapter: {ConfigFile} is missing");
        }

        try
        {
            var config = JsonDocument.Parse(File.ReadAllBytes(path));
            return config.RootElement.ValueKind == JsonValueKind.Object ? config : throw new InvalidInputException(path, null, "not a JSON object");
        }
        catch (JsonException e)
        {
            throw new InvalidInputException(path, null, $"not valid JSON: {e.Message}", e);
        }
    }

    private static float[] Values(SafetensorsTensor tensor)
    {
        var values = new float[tensor.ElementCount];
        ElementConversion.Read<float>(tensor.Bytes, tensor.DType, values);
        return values;
    }

    private static bool Flag(JsonElement config, string key) => config.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.True;

    private static double? Number(JsonElement config, string key) =>
        config.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    private InvalidInputException Error(string what) => new(_folder, null, $"LoRA adapter: {what}");

    [GeneratedRegex(@"^(?<module>.+)\.lora_(?<half>[AB]|magnitude_vector)(\.default)?(\.weight)?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex LoraName();

    [GeneratedRegex(@"^(?<module>.+)\.lora_embedding_(?<half>[AB])(\.default)?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex EmbeddingName();
}
