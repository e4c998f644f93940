using System.Text.Json;
using LamdAgent.Domain;

namespace LamdAgent.Checkpoints;

/// <summary>
/// A Hugging Face model folder, open for reading: config.json and the weights of <c>model.safetensors</c> or of the shards that
/// <c>model.safetensors.index.json</c> names. Weights that are pickled (.bin, .pt, .pth, .ckpt) are never opened.
/// </summary>
public sealed class Checkpoint : IDisposable
{
    internal const string SingleFile = "model.safetensors";
    internal const string IndexFile = "model.safetensors.index.json";
    private static readonly string[] PickleExtensions = [".bin", ".pt", ".pth", ".ckpt", ".pkl"];
    private readonly List<SafetensorsFile> _files;

    private Checkpoint(string folder, ModelConfig config, List<SafetensorsFile> files, Dictionary<string, SafetensorsTensor> tensors)
    {
        Folder = folder;
        Config = config;
        _files = files;
        Tensors = tensors;
        InOrder = [.. files.SelectMany(f => f.InOrder).Where(t => tensors.TryGetValue(t.Name, out var same) && ReferenceEquals(same, t))];
    }

    /// <summary>The folder as given.</summary>
    public string Folder { get; }

    /// <summary>Its config.json.</summary>
    public ModelConfig Config { get; }

    /// <summary>Tensors by name, of all files. Valid until this object is disposed.</summary>
    public IReadOnlyDictionary<string, SafetensorsTensor> Tensors { get; }

    /// <summary>Tensors file by file in the order of their data.</summary>
    public IReadOnlyList<SafetensorsTensor> InOrder { get; }

    /// <summary>Names of the weight files in the folder.</summary>
    public IReadOnlyList<string> WeightFiles => _files.ConvertAll(f => Path.GetFileName(f.Path));

    /// <summary>Bytes of all tensors.</summary>
    public long TotalBytes => InOrder.Sum(t => t.ByteLength);

    /// <summary>A tensor that must be there.</summary>
    /// <exception cref="InvalidInputException">It is not.</exception>
    public SafetensorsTensor Tensor(string name) =>
        Tensors.TryGetValue(name, out var tensor) ? tensor : throw new InvalidInputException(Folder, null, $"the checkpoint has no tensor '{name}'");

    /// <summary>The lamd.json of the folder, or null.</summary>
    public ModelManifest? ReadManifest() => ModelManifest.Exists(Folder) ? ModelManifest.Read(Folder) : null;

    /// <summary>Opens a model folder.</summary>
    /// <exception cref="InvalidInputException">It is not one, or something in it is not sound.</exception>
    public static Checkpoint Open(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new InvalidInputException(folder, null, "no such model folder");
        }

        var config = ModelConfig.Read(folder);
        var files = new List<SafetensorsFile>();
        try
        {
            var single = FindSingleFile(folder);
            var tensors = single is not null
                ? OpenSingle(single, files)
                : OpenShards(folder, files);
            return new Checkpoint(folder, config, files, tensors);
        }
        catch
        {
            files.ForEach(f => f.Dispose());
            throw;
        }
    }

    /// <inheritdoc />
    public void Dispose() => _files.ForEach(f => f.Dispose());

    private static string? FindSingleFile(string folder)
    {
        var usual = Path.Combine(folder, SingleFile);
        if (File.Exists(usual))
        {
            return usual;
        }

        if (File.Exists(Path.Combine(folder, IndexFile)))
        {
            return null;
        }

        var names = Directory.EnumerateFiles(folder).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal).ToList();
        if (names.Contains("adapter_model.safetensors"))
        {
            throw new InvalidInputException(folder, null, "this is a LoRA adapter, not a model; name its base model");
        }

        if (names.Find(n => PickleExtensions.Contains(Path.GetExtension(n), StringComparer.OrdinalIgnoreCase)) is { } pickle)
        {
            throw new InvalidInputException(folder, null, $"its weights are in {pickle}; such files can run code when they are read and are refused. Convert the model to safetensors");
        }

        throw new InvalidInputException(folder, null, $"no weights: neither {SingleFile} nor {IndexFile} is there");
    }

    private static Dictionary<string, SafetensorsTensor> OpenSingle(string path, List<SafetensorsFile> files)
    {
        files.Add(SafetensorsFile.Open(path));
        return files[0].InOrder.ToDictionary(t => t.Name, StringComparer.Ordinal);
    }

    private static Dictionary<string, SafetensorsTensor> OpenShards(string folder, List<SafetensorsFile> files)
    {
        var indexPath = Path.Combine(folder, IndexFile);
        var places = ReadIndex(indexPath);
        var shards = new Dictionary<string, SafetensorsFile>(StringComparer.Ordinal);
        foreach (var shard in places.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            if (!File.Exists(Path.Combine(folder, shard)))
            {
                throw new InvalidInputException(indexPath, null, $"the shard {shard} is missing");
            }

            files.Add(SafetensorsFile.Open(Path.Combine(folder, shard)));
            shards.Add(shard, files[^1]);
        }

        var tensors = new Dictionary<string, SafetensorsTensor>(StringComparer.Ordinal);
        foreach (var (name, shard) in places)
        {
            tensors.Add(name, shards[shard].Tensors.TryGetValue(name, out var tensor)
                ? tensor
                : throw new InvalidInputException(indexPath, null, $"the tensor '{name}' is not in {shard}"));
        }

        return tensors;
    }

    private static Dictionary<string, string> ReadIndex(string path)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("weight_map", out var map) || map.ValueKind != JsonValueKind.Object)
            {
                throw new InvalidInputException(path, null, "'weight_map' is missing");
            }

            var places = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var entry in map.EnumerateObject())
            {
                var shard = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString()! : "";
                if (!IsPlainFileName(shard) || !shard.EndsWith(".safetensors", StringComparison.Ordinal))
                {
                    throw new InvalidInputException(path, null, $"the shard of '{entry.Name}' is not the plain name of a .safetensors file");
                }

                places.Add(entry.Name, shard);
            }

            return places.Count > 0 ? places : throw new InvalidInputException(path, null, "'weight_map' is empty");
        }
        catch (JsonException e)
        {
            throw new InvalidInputException(path, null, $"not valid JSON: {e.Message}", e);
        }
    }

    // Names in files never become paths: no separator, no way up, nothing hidden.
    private static bool IsPlainFileName(string name) =>
        name.Length is > 0 and < 256 && name[0] != '.' && !name.AsSpan().ContainsAny('/', '\\', '\0') && !name.Contains("..", StringComparison.Ordinal);
}
