using LamdAgent.Checkpoints;
using LamdAgent.Domain;

namespace LamdAgent.Merging;

/// <summary>How a merge is run, apart from what it computes. Nothing here changes a number of the result.</summary>
public sealed record MergeOptions
{
    /// <summary>Where the model is written; must not exist or be empty.</summary>
    public required string Output { get; init; }

    /// <summary>Finds the folder of a model or adapter as named in the configuration. See <see cref="BelowFolder"/> and <see cref="FromFolder"/>.</summary>
    public required Func<string, string> Resolve { get; init; }

    /// <summary>Threads to compute with; all cores by default.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Size limit of a weight file.</summary>
    public long MaxShardBytes { get; init; } = CheckpointWriter.DefaultMaxShardBytes;

    /// <summary>Whether to wait until the disk has everything before the model appears.</summary>
    public bool FlushToDisk { get; init; } = true;

    /// <summary>Whether to record the SHA-256 of what is written.</summary>
    public bool Digests { get; init; } = true;

    /// <summary>Whether to compute the digests of inputs that have no lamd.json, for the record of parents; it takes a reading of their files.</summary>
    public bool DigestInputs { get; init; }

    /// <summary>The model's id in lamd.json; the output folder's name when null.</summary>
    public string? Id { get; init; }

    /// <summary>Id of the declared base that the models descend from, when the caller knows it.</summary>
    public string? Base { get; init; }

    /// <summary>Digest of a model by its name in the configuration, where the caller knows it; saves hashing its files when descent is checked.</summary>
    public Func<string, string?>? KnownDigest { get; init; }

    /// <summary>Whether task vectors are taken to a base from which a model is known not to descend; the result says so.</summary>
    public bool IgnoreLineage { get; init; }

    /// <summary>Makes the stream for a weight file; for tests of disks that fail.</summary>
    internal Func<string, Stream>? CreateFile { get; init; }

    /// <summary>Names looked up below a folder: relative, and not leading out of it.</summary>
    public static Func<string, string> BelowFolder(string root)
    {
        var full = Path.GetFullPath(root);
        return name =>
        {
            var path = Path.GetFullPath(Path.Combine(full, name));
            return Path.IsPathRooted(name) || path.StartsWith(full.TrimEnd('/') + "/", StringComparison.Ordinal)
                ? path
                : throw new InvalidInputException($"the model name '{name}' leads out of {root}");
        };
    }

    /// <summary>Names as paths from a folder, the configuration's own.</summary>
    public static Func<string, string> FromFolder(string folder) => name => Path.GetFullPath(Path.Combine(folder, name));
}
