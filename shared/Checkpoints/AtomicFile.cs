using System.Text;

namespace LamdAgent.Checkpoints;

/// <summary>Replaces a file in one step: readers see the old content or the new, never a part, also after a power cut.</summary>
public static class AtomicFile
{
    /// <summary>Writes text (UTF-8, no mark) over a file or creates it.</summary>
    public static void WriteAllText(string path, string text) => WriteAllBytes(path, Encoding.UTF8.GetBytes(text));

    /// <summary>Writes bytes over a file or creates it.</summary>
    public static void WriteAllBytes(string path, ReadOnlySpan<byte> bytes)
    {
        var full = Path.GetFullPath(path);
        var staging = $"{full}.staging-{Guid.NewGuid():N}";
        try
        {
            using (var stream = new FileStream(staging, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 }))
            {
                stream.Write(bytes);
                stream.Flush(flushToDisk: true);
            }

            File.Move(staging, full, overwrite: true);
            DurableFileSystem.FlushFolder(Path.GetDirectoryName(full)!);
        }
        catch (Exception e)
        {
            File.Delete(staging);
            if (e is IOException io && DiskFull.Is(io))
            {
                throw DiskFull.Error(path, e);
            }

            throw;
        }
    }
}
