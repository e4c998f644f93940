using LamdAgent.Domain;

namespace LamdAgent.Checkpoints;

/// <summary>
/// A folder that appears whole or not at all. It is filled under <see cref="Path"/> (next to its destination, <c>NAME.staging-...</c>);
/// <see cref="Publish"/> brings every file to the disk and renames it; disposing it unpublished deletes it.
/// </summary>
public sealed class StagedFolder : IDisposable
{
    private const string Mark = ".staging-";
    private bool _open = true;

    private StagedFolder(string destination, string path)
    {
        Destination = destination;
        Path = path;
    }

    /// <summary>Where it will appear: absolute, without a trailing separator.</summary>
    public string Destination { get; }

    /// <summary>Where to write until then.</summary>
    public string Path { get; }

    /// <summary>Prepares a folder.</summary>
    /// <param name="destination">Must not exist, or be an empty folder.</param>
    /// <exception cref="InvalidInputException">Something is there already.</exception>
    public static StagedFolder Create(string destination)
    {
        var full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(destination));
        if (File.Exists(full) || (Directory.Exists(full) && Directory.EnumerateFileSystemEntries(full).Any()))
        {
            throw new InvalidInputException(destination, null, "already exists and is not empty; choose another folder or remove it first");
        }

        var path = $"{full}{Mark}{Guid.NewGuid():N}";
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new InvalidInputException(destination, null, "not allowed to write there", e);
        }
        catch (IOException e)
        {
            throw DiskFull.Is(e) ? DiskFull.Error(destination, e) : new InvalidInputException(destination, null, $"cannot be created: {e.Message}", e);
        }

        return new StagedFolder(full, path);
    }

    /// <summary>A path below <see cref="Path"/>.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Makes the folder appear.</summary>
    /// <param name="flushToDisk">Whether to bring every file to the disk first (fsync), so that a power cut cannot leave a published folder with holes.</param>
    public void Publish(bool flushToDisk = true)
    {
        ObjectDisposedException.ThrowIf(!_open, this);
        DiskFull.Guard(Destination, () =>
        {
            if (flushToDisk)
            {
                foreach (var file in Directory.EnumerateFiles(Path, "*", SearchOption.AllDirectories))
                {
                    DurableFileSystem.FlushFile(file);
                }

                foreach (var folder in Directory.EnumerateDirectories(Path, "*", SearchOption.AllDirectories))
                {
                    DurableFileSystem.FlushFolder(folder);
                }

                DurableFileSystem.FlushFolder(Path);
            }

            if (Directory.Exists(Destination))
            {
                Directory.Delete(Destination, recursive: false);
            }

            Directory.Move(Path, Destination);
            if (flushToDisk)
            {
                DurableFileSystem.FlushFolder(System.IO.Path.GetDirectoryName(Destination)!);
            }
        });
        _open = false;
    }

    /// <summary>Deletes what killed processes left half-written in a folder. Call it only where no other process is writing.</summary>
    public static void DeleteLeftovers(string parent)
    {
        if (!Directory.Exists(parent))
        {
            return;
        }

        foreach (var folder in Directory.EnumerateDirectories(parent, $"*{Mark}*"))
        {
            Directory.Delete(folder, recursive: true);
        }

        foreach (var file in Directory.EnumerateFiles(parent, $"*{Mark}*"))
        {
            File.Delete(file);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        if (_open)
        {
            _open = false;
            if (Directory.Exists(Path))
            {
                Directory.Delete(Path, recursive: true);
            }
        }
    }
}
