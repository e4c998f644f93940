using System.IO.Compression;
using System.Text;
using System.Text.Json;
using LamdAgent.Domain;

namespace LamdAgent.Evaluation.Data;

/// <summary>Reads rows of evaluation data: a JSON object a line, UTF-8, also gzipped (<c>.gz</c>). Blank lines are skipped.</summary>
public static class JsonLines
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="InvalidInputException">The file is missing or empty, or a line is not a JSON object.</exception>
    public static IReadOnlyList<JsonRow> Read(string path)
    {
        if (!File.Exists(path))
        {
            throw new InvalidInputException(path, null, "no such file");
        }

        var rows = new List<JsonRow>();
        var line = 0;
        try
        {
            using var file = File.OpenRead(path);
            using Stream stream = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
            using var reader = new StreamReader(stream, Strict);
            while (reader.ReadLine() is { } text)
            {
                line++;
                if (text.Trim().Length > 0)
                {
                    rows.Add(new JsonRow(path, line, Parse(text, path, line)));
                }
            }
        }
        catch (Exception e) when (e is InvalidDataException or DecoderFallbackException)
        {
            throw new InvalidInputException(path, line + 1, $"cannot be read: {e.Message}", e);
        }

        return rows.Count > 0 ? rows : throw new InvalidInputException(path, null, "the file holds no rows");
    }

    private static JsonElement Parse(string text, string path, int line)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 256 });
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new InvalidInputException(path, line, $"a row must be a JSON object, this is {JsonFields.Kind(document.RootElement)}");
        }
        catch (JsonException e)
        {
            throw new InvalidInputException(path, line, $"not valid JSON: {e.Message}", e);
        }
    }
}
