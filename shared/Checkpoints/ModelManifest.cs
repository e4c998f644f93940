using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using LamdAgent.Domain;

namespace LamdAgent.Checkpoints;

/// <summary>
/// What <c>lamd.json</c> says about a model: where it comes from and what its files hold, so that it cannot be mistaken for another. No times and no
/// paths: making the same model again gives the same bytes.
/// </summary>
public sealed record ModelManifest
{
    /// <summary>Name of the file in the model's folder.</summary>
    public const string FileName = "lamd.json";

    /// <summary>Version of this layout.</summary>
    public int Version { get; init; } = 1;

    /// <summary>The model's id, neutral (<c>m-0007</c>), or its folder's name where nobody gave one.</summary>
    public required string Id { get; init; }

    /// <summary>The models it was made from.</summary>
    public IReadOnlyList<ModelParent> Parents { get; init; } = [];

    /// <summary>What was done: the action's type (<c>sft</c>, <c>ties</c>, <c>import</c> ...).</summary>
    public string? Action { get; init; }

    /// <summary>Everything the action was given: recipe or merge configuration.</summary>
    public JsonElement? Parameters { get; init; }

    /// <summary>The seed of the action; null where nothing is random.</summary>
    public long? Seed { get; init; }

    /// <summary>Id of the declared base model that it descends from.</summary>
    public string? Base { get; init; }

    /// <summary>SHA-256 of the data sets, by id.</summary>
    public IReadOnlyDictionary<string, string> Data { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>SHA-256 of the folder's files, by name, without lamd.json itself.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Version of the code that made it, with the commit it was built from.</summary>
    public string CodeVersion { get; init; } = CurrentCodeVersion;

    /// <summary>One digest for the model: over its weight files and config.</summary>
    [JsonIgnore]
    public string Digest => DigestOf(Files);

    /// <summary>Version of the running code.</summary>
    public static string CurrentCodeVersion { get; } =
        typeof(ModelManifest).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>One digest for a model from the digests of its files: those of the weights and of config.json count, of an adapter that it carries too.</summary>
    public static string DigestOf(IReadOnlyDictionary<string, string> files) => ContentDigest.Combine(files.Where(f => IsIdentity(f.Key)));

    /// <summary>Whether a file of a model's folder is part of what the model is: <see cref="DigestOf"/> counts it.</summary>
    public static bool IsIdentity(string file) =>
        file is ModelConfig.FileName or $"{CarriedAdapter.FolderName}/{CarriedAdapter.ConfigFile}" || file.EndsWith(".safetensors", StringComparison.Ordinal);

    /// <summary>The same for a folder whose files are hashed for it.</summary>
    public static string DigestOfFolder(string folder) =>
        DigestOf(CarriedAdapter.FilesOf(folder).Where(IsIdentity).ToDictionary(name => name, name => ContentDigest.OfFile(Path.Combine(folder, name)), StringComparer.Ordinal));

    /// <summary>Whether a folder has a lamd.json.</summary>
    public static bool Exists(string folder) => File.Exists(Path.Combine(folder, FileName));

    /// <summary>Reads a folder's lamd.json.</summary>
    /// <exception cref="InvalidInputException">It is missing or not valid.</exception>
    public static ModelManifest Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        try
        {
            return JsonSerializer.Deserialize<ModelManifest>(File.ReadAllBytes(path), Options) ?? throw new InvalidInputException(path, null, "it is empty");
        }
        catch (JsonException e)
        {
            throw new InvalidInputException(path, null, $"not a valid manifest: {e.Message}", e);
        }
        catch (FileNotFoundException e)
        {
            throw new InvalidInputException(path, null, "no such file", e);
        }
    }

    /// <summary>Writes lamd.json; the last thing to be written into a folder.</summary>
    public void Write(string folder) => AtomicFile.WriteAllBytes(Path.Combine(folder, FileName), JsonSerializer.SerializeToUtf8Bytes(this, Options));

    /// <summary>Compares a folder's files with what the manifest says.</summary>
    /// <returns>Names of files that are missing or differ; empty when all is as it was written.</returns>
    public IReadOnlyList<string> FindChangedFiles(string folder) =>
        [.. Files.Where(f => !File.Exists(Path.Combine(folder, f.Key)) || ContentDigest.OfFile(Path.Combine(folder, f.Key)) != f.Value).Select(f => f.Key)];

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}
