using System.Globalization;
using LamdAgent.Domain;
using LamdAgent.Storage.Sqlite;

namespace LamdAgent.Standalone.Runs;

/// <summary>The folder of one search run by <c>lamd run</c>; <c>shared/docs/running.md</c> lists what is in it.</summary>
internal sealed class RunFolder
{
    /// <summary>Where runs lie unless <c>--out</c> says otherwise, below the current folder.</summary>
    public const string DefaultParent = "runs";

    private RunFolder(string path) => Path = path;

    /// <summary>The absolute path.</summary>
    public string Path { get; }

    /// <summary>As a person would write it: relative when it is below the current folder.</summary>
    public string DisplayPath => Path.StartsWith(Environment.CurrentDirectory + "/", StringComparison.Ordinal) ? System.IO.Path.GetRelativePath(Environment.CurrentDirectory, Path) : Path;

    public string Database => this[SqliteRunStore.FileName];

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Makes the folder of a new run and locks it.</summary>
    /// <param name="path">The folder that the person named: it must be empty or not exist. Null: the next free <c>runs/NAME-N</c>.</param>
    /// <param name="name">Name of the search.</param>
    public static (RunFolder Folder, RunLock Lock) Create(string? path, string name)
    {
        if (path is not null)
        {
            var folder = new RunFolder(System.IO.Path.GetFullPath(path));
            if (File.Exists(folder.Path))
            {
                throw new InvalidInputException(path, null, "is a file; name a folder for the run");
            }

            if (Directory.Exists(folder.Path) && Directory.EnumerateFileSystemEntries(folder.Path).Any())
            {
                throw new InvalidInputException(path, null, File.Exists(folder.Database)
                    ? $"holds a run already; go on with it: lamd resume {path}"
                    : "is not empty; name another folder for the run");
            }

            CreateFolder(folder.Path);
            return (folder, RunLock.Acquire(folder));
        }

        for (var n = 1; ; n++)
        {
            var folder = new RunFolder(System.IO.Path.GetFullPath(System.IO.Path.Combine(DefaultParent, string.Create(CultureInfo.InvariantCulture, $"{name}-{n}"))));
            if (System.IO.Path.Exists(folder.Path))
            {
                continue;
            }

            CreateFolder(folder.Path);
            // Two that start at the same moment may both have made it: the lock decides.
            if (RunLock.TryAcquire(folder) is { } taken)
            {
                return (folder, taken);
            }
        }
    }

    /// <summary>An existing run: its folder, or its name below <c>runs</c>; null: the one that was written to last.</summary>
    public static RunFolder Open(string? run)
    {
        if (run is null)
        {
            return Latest() ?? throw new InvalidInputException($"there is no run below {DefaultParent}/; name one, or start one: lamd run SPEC");
        }

        foreach (var candidate in new[] { run, System.IO.Path.Combine(DefaultParent, run) })
        {
            var folder = new RunFolder(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(candidate)));
            if (File.Exists(folder.Database))
            {
                return folder;
            }
        }

        throw new InvalidInputException(run, null, Directory.Exists(run)
            ? $"is not a run: it has no {SqliteRunStore.FileName}"
            : "no such run; give its folder, for instance runs/tool-use-1");
    }

    /// <summary>All runs below the default folder, the newest first.</summary>
    public static IReadOnlyList<RunFolder> List() => !Directory.Exists(DefaultParent)
        ? []
        :
        [
            .. Directory.EnumerateDirectories(DefaultParent).Select(path => new RunFolder(System.IO.Path.GetFullPath(path)))
                .Where(run => File.Exists(run.Database))
                .OrderByDescending(run => File.GetLastWriteTimeUtc(run.Database)),
        ];

    private static RunFolder? Latest() => List() is [var latest, ..] ? latest : null;

    private static void CreateFolder(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException(path, null, $"the run's folder cannot be made: {e.Message}", e);
        }
    }
}
