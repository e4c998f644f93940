using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using LamdAgent.Domain;

namespace LamdAgent.Tokenization.Datasets;

/// <summary>Reads JSONL files, plain or gzip (<c>.gz</c>), one JSON value a line, in UTF-8.</summary>
public sealed class JsonLines
{
    private const int MaxLineBytes = 256 * 1024 * 1024;

    private readonly string file;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    private JsonLines(string file) => this.file = file;

    /// <summary>sha256 of the unpacked bytes read so far, in lower-case hex; of the whole file once all lines were read.</summary>
    public string Digest => Convert.ToHexStringLower(hash.GetCurrentHash());

    /// <summary>Opens a file; nothing is read before <see cref="Lines"/> is walked.</summary>
    /// <exception cref="InvalidInputException">There is no such file.</exception>
    public static JsonLines Open(string file) => File.Exists(file) ? new JsonLines(file) : throw new InvalidInputException(file, null, "there is no such file");

    /// <summary>Reads all values; an error in one of them names its line.</summary>
    public static IEnumerable<(int Line, JsonElement Value)> Read(string file)
    {
        foreach (var (line, bytes) in Open(file).Lines())
        {
            yield return (line, Parse(file, line, bytes));
        }
    }

    /// <summary>One line as JSON.</summary>
    /// <exception cref="InvalidInputException">It is not JSON.</exception>
    public static JsonElement Parse(string file, int line, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 128 });
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new InvalidInputException(file, line, $"this is not JSON: {e.Message.Split(" LineNumber")[0]}", e);
        }
    }

    /// <summary>The lines that are not blank, with their numbers counted from 1.</summary>
    public IEnumerable<(int Line, byte[] Bytes)> Lines()
    {
        using var raw = OpenRaw();
        using Stream unpacked = file.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(raw, CompressionMode.Decompress) : raw;
        var buffer = new byte[1 << 16];
        var pending = new MemoryStream();
        var line = 0;
        int count;
        while ((count = ReadSome(unpacked, buffer, line)) > 0)
        {
            hash.AppendData(buffer, 0, count);
            var start = 0;
            for (var end = Array.IndexOf(buffer, (byte)'\n', 0, count); end >= 0; end = Array.IndexOf(buffer, (byte)'\n', start, count - start))
            {
                pending.Write(buffer, start, end - start);
                start = end + 1;
                line++;
                if (Take(pending, line) is { } bytes)
                {
                    yield return (line, bytes);
                }
            }

            pending.Write(buffer, start, count - start);
            if (pending.Length > MaxLineBytes)
            {
                throw new InvalidInputException(file, line + 1, $"the line is longer than {MaxLineBytes} bytes");
            }
        }

        if (Take(pending, line + 1) is { } last)
        {
            yield return (line + 1, last);
        }
    }

    private FileStream OpenRaw()
    {
        try
        {
            return File.OpenRead(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException(file, null, $"it cannot be read: {e.Message}", e);
        }
    }

    private int ReadSome(Stream stream, byte[] buffer, int line)
    {
        try
        {
            return stream.Read(buffer);
        }
        catch (InvalidDataException e)
        {
            throw new InvalidInputException(file, line + 1, "the gzip data are damaged", e);
        }
    }

    private byte[]? Take(MemoryStream pending, int line)
    {
        var bytes = pending.ToArray().AsSpan();
        pending.SetLength(0);
        if (line == 1 && bytes.StartsWith("\uFEFF"u8))
        {
            bytes = bytes[3..];
        }

        bytes = bytes.Trim(" \t\r"u8);
        if (bytes.IsEmpty)
        {
            return null;
        }

        return System.Text.Unicode.Utf8.IsValid(bytes) ? bytes.ToArray() : throw new InvalidInputException(file, line, "the line is not UTF-8");
    }
}
