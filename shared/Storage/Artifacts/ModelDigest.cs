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
        var files = CarriedAdapter.FilesOf(folder)
            .Where(ModelManifest.IsIdentity)
            .Order(StringComparer.Ordinal)
            .Select(name => (Name: name, Info: new FileInfo(Path.Combine(folder, name))))
            .ToList();
        var stamp = string.Join('|', files.Select(file => FormattableString.Invariant($"{file.Info.FullName}:{file.Info.Length}:{file.Info.LastWriteTimeUtc.Ticks}")));
        return Known.GetOrAdd(stamp, _ => ModelManifest.DigestOf(files.ToDictionary(file => file.Name, file => ContentDigest.OfFile(file.Info.FullName), StringComparer.Ordinal)));
    }
}
