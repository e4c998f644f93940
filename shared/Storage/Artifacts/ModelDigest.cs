using System.Collections.Concurrent;
using LamdAgent.Checkpoints;

namespace LamdAgent.Storage.Artifacts;

/// <summary>The identity of a model folder: a digest over its weights and its config (<see cref="ModelManifest.DigestOf"/>), computed from the bytes, never read from a manifest.</summary>
public static class ModelDigest
{
    // A folder's files are hashed once per process and content: name, length and time of the last write stand for the content.
    private static readonly ConcurrentDictionary<string, string> Known = new(StringComparer.Ordinal);

    /// <summary>Of a model folder.</summary>
    public static string OfFolder(string folder)
    {
        var files = new DirectoryInfo(folder).EnumerateFiles()
            .Where(file => file.Name == ModelConfig.FileName || file.Extension == ".safetensors")
            .OrderBy(file => file.Name, StringComparer.Ordinal)
            .ToList();
        var stamp = string.Join('|', files.Select(file => FormattableString.Invariant($"{file.FullName}:{file.Length}:{file.LastWriteTimeUtc.Ticks}")));
        return Known.GetOrAdd(stamp, _ => ModelManifest.DigestOf(files.ToDictionary(file => file.Name, file => ContentDigest.OfFile(file.FullName), StringComparer.Ordinal)));
    }
}
