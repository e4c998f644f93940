using System.Runtime.InteropServices;

namespace LamdAgent.Checkpoints;

/// <summary>fsync for folders, which .NET has no call for. On systems without it the calls do nothing.</summary>
internal static partial class DurableFileSystem
{
    private const int ReadOnly = 0;

    /// <summary>Makes the names in a folder durable: files created or renamed in it survive a power cut.</summary>
    public static void FlushFolder(string path)
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
        {
            return;
        }

        var handle = Open(path, ReadOnly);
        if (handle < 0)
        {
            throw new IOException($"cannot open the folder {path} to flush it (error {Marshal.GetLastPInvokeError()})");
        }

        // Some network file systems cannot flush folders and say so; the files themselves were flushed.
        _ = Fsync(handle);
        _ = Close(handle);
    }

    /// <summary>Makes a file's content durable.</summary>
    public static void FlushFile(string path)
    {
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        RandomAccess.FlushToDisk(handle);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int handle);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int handle);
}
