using System.Text.Json;
using LamdAgent.Domain;

namespace LamdAgent.Checkpoints;

/// <summary>
/// Reads and checks the header of a safetensors file: a JSON object from name to <c>{dtype, shape, data_offsets}</c>. A header that lies is refused
/// before anything is allocated for tensors: the data must be covered exactly once, without holes or overlap, and every tensor must be as long as its
/// shape and type say.
/// </summary>
internal static class SafetensorsHeader
{
    /// <summary>Largest header accepted, as in the reference implementation.</summary>
    public const long MaxHeaderBytes = 100_000_000;

    private const int MaxDimensions = 32;

    /// <param name="json">The header's bytes.</param>
    /// <param name="dataLength">Bytes that follow the header in the file.</param>
    /// <param name="file">For messages.</param>
    /// <returns>Entries in the order of their data, and the metadata.</returns>
    /// <exception cref="InvalidInputException">Anything is wrong with it.</exception>
    public static (List<SafetensorsEntry> Entries, Dictionary<string, string> Metadata) Parse(ReadOnlySpan<byte> json, long dataLength, string file)
    {
        try
        {
            if (json.IsEmpty || json[0] != (byte)'{')
            {
                throw Lies(file, "it does not begin with '{'");
            }

            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 4 });
            reader.Read();
            var (entries, metadata) = ReadEntries(ref reader, file);
            if (reader.Read())
            {
                throw Lies(file, "something follows its JSON object");
            }

            CheckCoverage(entries, dataLength, file);
            return (entries, metadata);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidInputException(file, null, $"the safetensors header is not valid: {e.Message}", e);
        }
    }

    private static (List<SafetensorsEntry> Entries, Dictionary<string, string> Metadata) ReadEntries(ref Utf8JsonReader reader, string file)
    {
        var entries = new List<SafetensorsEntry>();
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            if (!names.Add(name))
            {
                throw Lies(file, $"the name '{Shown(name)}' is there twice");
            }

            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                throw Lies(file, $"'{Shown(name)}' is not an object");
            }

            if (name == "__metadata__")
            {
                ReadMetadata(ref reader, metadata, file);
            }
            else
            {
                entries.Add(ReadEntry(ref reader, name, file));
            }
        }

        return (entries, metadata);
    }

    private static void ReadMetadata(ref Utf8JsonReader reader, Dictionary<string, string> metadata, string file)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
            {
                throw Lies(file, $"the metadata '{Shown(key)}' is not text");
            }

            if (!metadata.TryAdd(key, reader.GetString()!))
            {
                throw Lies(file, $"the metadata '{Shown(key)}' is there twice");
            }
        }
    }

    private static SafetensorsEntry ReadEntry(ref Utf8JsonReader reader, string name, string file)
    {
        DType? type = null;
        long[]? shape = null;
        long[]? offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString();
            reader.Read();
            switch (key)
            {
                case "dtype" when type is null:
                    var word = reader.GetString();
                    type = DTypes.TryParseSafetensors(word, out var known) ? known : throw Lies(file, $"'{Shown(name)}' has the unknown type '{Shown(word ?? "")}'");
                    break;
                case "shape" when shape is null:
                    shape = ReadSizes(ref reader, name, file);
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ReadSizes(ref reader, name, file);
                    break;
                default:
                    throw Lies(file, $"'{Shown(name)}' has the unexpected key '{Shown(key ?? "")}'");
            }
        }

        if (type is null || shape is null || offsets is not { Length: 2 })
        {
            throw Lies(file, $"'{Shown(name)}' needs dtype, shape and two data_offsets");
        }

        var (begin, end) = (offsets[0], offsets[1]);
        if (begin > end)
        {
            throw Lies(file, $"'{Shown(name)}' ends before it begins");
        }

        if (ByteLength(shape, type.Value) is not { } bytes || bytes != end - begin)
        {
            throw Lies(file, $"'{Shown(name)}' of type {type.Value.SafetensorsName()} and shape [{string.Join(", ", shape)}] cannot take {end - begin} bytes");
        }

        return new SafetensorsEntry(name, type.Value, shape, begin, end);
    }

    private static long[] ReadSizes(ref Utf8JsonReader reader, string name, string file)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw Lies(file, $"'{Shown(name)}' has a shape or offsets that are no list");
        }

        var sizes = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out var size) || size < 0)
            {
                throw Lies(file, $"'{Shown(name)}' has a shape or offsets with something else than whole numbers from 0");
            }

            sizes.Add(size);
            if (sizes.Count > MaxDimensions)
            {
                throw Lies(file, $"'{Shown(name)}' has more than {MaxDimensions} dimensions");
            }
        }

        return [.. sizes];
    }

    // Null when the product does not fit: a size of 0 after an overflow does not make it right.
    private static long? ByteLength(long[] shape, DType type)
    {
        long bytes = type.ByteSize();
        foreach (var size in shape)
        {
            var product = Math.BigMul(bytes, size, out var low);
            if (product != 0 || low < 0)
            {
                return null;
            }

            bytes = low;
        }

        return bytes;
    }

    private static void CheckCoverage(List<SafetensorsEntry> entries, long dataLength, string file)
    {
        entries.Sort((a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        var end = 0L;
        foreach (var entry in entries)
        {
            if (entry.Begin != end)
            {
                throw Lies(file, entry.Begin < end
                    ? $"'{Shown(entry.Name)}' overlaps the tensor before it"
                    : $"there is a hole of {entry.Begin - end} bytes before '{Shown(entry.Name)}'");
            }

            end = entry.End;
        }

        if (end > dataLength)
        {
            throw new InvalidInputException(file, null, $"the file is cut short: its header promises {end} bytes of data, {dataLength} are there");
        }

        if (end < dataLength)
        {
            throw Lies(file, $"{dataLength - end} bytes at the end of the file belong to no tensor");
        }
    }

    private static InvalidInputException Lies(string file, string what) => new(file, null, $"the safetensors header is not valid: {what}");

    // Names come from outside: keep a message to one short line.
    private static string Shown(string name)
    {
        var clean = new string(name.Take(80).Select(c => char.IsControl(c) ? '?' : c).ToArray());
        return name.Length > 80 ? clean + "..." : clean;
    }
}
