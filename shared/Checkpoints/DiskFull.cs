using LamdAgent.Domain;

namespace LamdAgent.Checkpoints;

/// <summary>
/// A full disk is something a person can mend, so it is told as one clear line instead of a failure from the depths: every writer here turns it into an
/// <see cref="InvalidInputException"/>.
/// </summary>
public static class DiskFull
{
    private const int NoSpace = 28;        // ENOSPC
    private const int QuotaExceeded = 122; // EDQUOT
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    /// <summary>Whether an error of the file system means that there is no room left.</summary>
    public static bool Is(IOException error) => error.HResult is NoSpace or QuotaExceeded or WindowsDiskFull;

    /// <summary>The error to throw instead.</summary>
    public static InvalidInputException Error(string path, Exception? inner = null) =>
        new(path, null, "the disk is full; nothing was published. Free some space or choose another folder", inner);

    /// <summary>Runs a piece of writing.</summary>
    /// <exception cref="InvalidInputException">The disk is full.</exception>
    public static void Guard(string path, Action write)
    {
        try
        {
            write();
        }
        catch (IOException e) when (Is(e))
        {
            throw Error(path, e);
        }
    }

    /// <summary>Refuses a piece of work before it starts when the disk has less room than it will need.</summary>
    /// <exception cref="InvalidInputException">There is too little room.</exception>
    public static void RequireSpace(string folder, long bytes)
    {
        var existing = System.IO.Path.GetFullPath(folder);
        while (!Directory.Exists(existing) && System.IO.Path.GetDirectoryName(existing) is { } parent)
        {
            existing = parent;
        }

        var free = new DriveInfo(existing).AvailableFreeSpace;
        if (free < bytes)
        {
            throw new InvalidInputException(folder, null, $"{bytes / 1e6:F1} MB are needed here and {free / 1e6:F1} MB are free; free some space or choose another folder");
        }
    }
}
