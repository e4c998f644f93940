using System.Text.Json;
using LamdAgent.Domain;

namespace LamdAgent.Merging.Vocabularies;

/// <summary>The tokens of a model with their ids, from <c>tokenizer.json</c> (any kind of model in it) or from <c>vocab.json</c> with <c>added_tokens.json</c>.</summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, JsonElement> _added = new(StringComparer.Ordinal);

    private Vocabulary()
    {
    }

    /// <summary>Ids by token.</summary>
    public IReadOnlyDictionary<string, int> Ids => _ids;

    /// <summary>How many rows an embedding needs: the largest id and one.</summary>
    public int Rows => _ids.Count == 0 ? 0 : _ids.Values.Max() + 1;

    /// <summary>The entry of a token among the added ones, or null.</summary>
    public JsonElement? AddedEntry(string token) => _added.TryGetValue(token, out var entry) ? entry : null;

    /// <summary>Reads a model folder's vocabulary.</summary>
    /// <exception cref="InvalidInputException">There is none, or it is not valid.</exception>
    public static Vocabulary Read(string folder)
    {
        var vocabulary = new Vocabulary();
        var modern = Path.Combine(folder, "tokenizer.json");
        if (File.Exists(modern))
        {
            ReadJson(modern, vocabulary.ReadTokenizer);
            return vocabulary;
        }

        var old = Path.Combine(folder, "vocab.json");
        if (!File.Exists(old))
        {
            throw new InvalidInputException(folder, null, "a tokenizer setting needs the tokenizer of every model; here are neither tokenizer.json nor vocab.json");
        }

        ReadJson(old, vocabulary.ReadMap);
        var added = Path.Combine(folder, "added_tokens.json");
        if (File.Exists(added))
        {
            ReadJson(added, vocabulary.ReadMap);
        }

        return vocabulary;
    }

    private static void ReadJson(string path, Action<JsonElement> read)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(path));
            read(json.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new InvalidInputException(path, null, $"not a valid vocabulary: {e.Message}", e);
        }
    }

    private void ReadTokenizer(JsonElement root)
    {
        var tokens = root.GetProperty("model").GetProperty("vocab");
        if (tokens.ValueKind == JsonValueKind.Array)
        {
            // Unigram: a list of [token, score], ids by place.
            var id = 0;
            foreach (var entry in tokens.EnumerateArray())
            {
                Add(entry[0].GetString()!, id++);
            }
        }
        else
        {
            foreach (var entry in tokens.EnumerateObject())
            {
                Add(entry.Name, entry.Value.GetInt32());
            }
        }

        if (root.TryGetProperty("added_tokens", out var added) && added.ValueKind == JsonValueKind.Array)
        {
            foreach (var entry in added.EnumerateArray())
            {
                var token = entry.GetProperty("content").GetString()!;
                Add(token, entry.GetProperty("id").GetInt32());
                _added[token] = entry.Clone();
            }
        }
    }

    private void ReadMap(JsonElement root)
    {
        foreach (var entry in root.EnumerateObject())
        {
            Add(entry.Name, entry.Value.GetInt32());
        }
    }

    private void Add(string token, int id)
    {
        if (id is < 0 or > 100_000_000)
        {
            throw new FormatException($"the token '{token}' has the id {id}");
        }

        _ids[token] = id;
    }
}
