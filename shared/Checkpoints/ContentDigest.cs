using System.Security.Cryptography;
using System.Text;

namespace LamdAgent.Checkpoints;

/// <summary>SHA-256 as lower-case hex: the identity of files, folders and texts.</summary>
public static class ContentDigest
{
    /// <summary>Of a file's content.</summary>
    public static string OfFile(string path)
    {
        using var stream = new FileStream(path, new FileStreamOptions { BufferSize = 0, Options = FileOptions.SequentialScan });
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>Of bytes.</summary>
    public static string OfBytes(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>Of a text in UTF-8.</summary>
    public static string OfText(string text) => OfBytes(Encoding.UTF8.GetBytes(text));

    /// <summary>Of every file of a model's folder, by name; of folders below it only an adapter that it carries counts (<see cref="CarriedAdapter"/>).</summary>
    public static SortedDictionary<string, string> OfFolder(string folder)
    {
        var digests = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in CarriedAdapter.FilesOf(folder))
        {
            digests.Add(name, OfFile(Path.Combine(folder, name)));
        }

        return digests;
    }

    /// <summary>One digest over named digests, independent of their order.</summary>
    public static string Combine(IEnumerable<KeyValuePair<string, string>> digests) =>
        OfText(string.Concat(digests.OrderBy(d => d.Key, StringComparer.Ordinal).Select(d => $"{d.Value}  {d.Key}\n")));
}
