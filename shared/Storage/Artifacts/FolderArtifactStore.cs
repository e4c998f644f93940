using System.Globalization;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;

namespace LamdAgent.Storage.Artifacts;

/// <summary>Artifacts in a folder: a run's own, or a volume that all workers share. A rename publishes.</summary>
public sealed class FolderArtifactStore : IArtifactStore
{
    private const string Draft = ".staging-";
    private const string Work = "work";
    private readonly string root;
    private readonly bool oneSearch;

    /// <summary>A store in a folder, which is made when it is not there.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="oneSearch">The folder belongs to one search: names do without its id.</param>
    public FolderArtifactStore(string root, bool oneSearch = false)
    {
        this.root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        this.oneSearch = oneSearch;
        Directory.CreateDirectory(this.root);
    }

    /// <inheritdoc />
    public string NameOf(string searchId, string kind, string id) => oneSearch ? $"{kind}/{id}" : $"{searchId}/{kind}/{id}";

    /// <inheritdoc />
    public string? Find(string artifact) => PathOf(artifact) is var path && Directory.Exists(path) ? path : null;

    /// <inheritdoc />
    public Task<string> OpenAsync(string artifact, string? digest, CancellationToken cancellation)
    {
        var folder = Path.IsPathRooted(artifact) ? artifact : PathOf(artifact);
        if (!Directory.Exists(folder))
        {
            throw new InvalidInputException(folder, null, "the artifact is not there");
        }

        if (digest is not null && ModelDigest.OfFolder(folder) is var actual && actual != digest)
        {
            throw new InvalidInputException(folder, null, $"the model is not what was recorded (digest {actual[..12]}, recorded {digest[..Math.Min(12, digest.Length)]}); it was changed afterwards");
        }

        return Task.FromResult(folder);
    }

    /// <inheritdoc />
    public string NewDraft(string artifact)
    {
        var draft = $"{PathOf(artifact)}{Draft}{Guid.NewGuid():N}";
        Directory.CreateDirectory(Path.GetDirectoryName(draft)!);
        return draft;
    }

    /// <inheritdoc />
    public Task<string> PublishAsync(string draft, string artifact, CancellationToken cancellation)
    {
        var name = artifact;
        for (var copy = 2; ; copy++)
        {
            var destination = PathOf(name);
            if (!Directory.Exists(destination) && TryMove(draft, destination))
            {
                return Task.FromResult(name);
            }

            if (SameContent(draft, destination))
            {
                Drop(draft);
                return Task.FromResult(name);
            }

            name = FormattableString.Invariant($"{artifact}.{copy}");
        }
    }

    /// <inheritdoc />
    public void Drop(string draft)
    {
        if (!draft.Contains(Draft, StringComparison.Ordinal))
        {
            throw new ArgumentException($"{draft} is no draft", nameof(draft));
        }

        DeleteFolder(draft);
    }

    /// <inheritdoc />
    public string WorkFolder(string searchId, string stepId, long fencingToken)
    {
        var step = Directory.CreateDirectory(PathOf(NameOf(searchId, Work, stepId))).FullName;
        var own = Path.Combine(step, fencingToken.ToString(CultureInfo.InvariantCulture));
        while (!Directory.Exists(own) && NewestBefore(fencingToken, step) is { } earlier && !TryMove(earlier, own))
        {
            // Another late holder took it first: what it took is the newest now.
        }

        return Directory.CreateDirectory(own).FullName;
    }

    /// <inheritdoc />
    public void DeleteWorkFolder(string searchId, string stepId) => DeleteFolder(PathOf(NameOf(searchId, Work, stepId)));

    /// <inheritdoc />
    public void Delete(string artifact) => DeleteFolder(PathOf(artifact));

    /// <inheritdoc />
    public IReadOnlyList<string> ListUnfinished(string searchId)
    {
        var search = oneSearch ? root : PathOf(searchId);
        return !Directory.Exists(search)
            ? []
            : [.. Directory.EnumerateDirectories(search)
                .SelectMany(kind => Directory.EnumerateDirectories(kind).Where(found => Path.GetFileName(kind) == Work || Path.GetFileName(found).Contains(Draft, StringComparison.Ordinal)))
                .Select(found => Path.GetRelativePath(root, found))
                .Order(StringComparer.Ordinal)];
    }

    /// <inheritdoc />
    public IReadOnlyList<string> List(string folder)
    {
        var path = PathOf(folder);
        return !Directory.Exists(path)
            ? []
            : [.. Directory.EnumerateDirectories(path).Select(found => Path.GetFileName(found)).Where(name => !name.Contains(Draft, StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(name => $"{folder}/{name}")];
    }

    // Names are made by us, from ids; still, one that would lead out of the store is refused.
    private string PathOf(string artifact)
    {
        var path = Path.GetFullPath(Path.Combine(root, artifact));
        return path.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? path
            : throw new InvalidInputException($"'{artifact}' is not a name of an artifact");
    }

    private static bool TryMove(string draft, string destination)
    {
        try
        {
            Directory.Move(draft, destination);
            return true;
        }
        catch (IOException) when (Directory.Exists(draft) == Directory.Exists(destination))
        {
            return false; // another writer was faster
        }
    }

    private static string? NewestBefore(long fencingToken, string step) =>
        Directory.EnumerateDirectories(step)
            .Select(folder => (Path: folder, Token: long.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var token) ? token : long.MaxValue))
            .Where(holder => holder.Token < fencingToken)
            .OrderByDescending(holder => holder.Token)
            .Select(holder => holder.Path)
            .FirstOrDefault();

    private static bool SameContent(string draft, string destination) =>
        Directory.EnumerateFiles(draft).Any()
        && ContentDigest.Combine(ContentDigest.OfFolder(draft)) == ContentDigest.Combine(ContentDigest.OfFolder(destination));

    private static void DeleteFolder(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
