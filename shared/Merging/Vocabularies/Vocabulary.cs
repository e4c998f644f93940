using System.Text.Json;
using LamdAgent.Domain;

namespace LamdAgent.Merging.Vocabularies;

/// <summary>The tokens of a model with their ids, from <c>tokenizer.json</c> (any kind of model in it) or from <c>vocab.json</c> with <c>added_tokens.json</c>.</summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _rowless = new(StringComparer.Ordinal);
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

    /// <summary>Tokens of the files for which the model has no row, with their ids: added to a tokenizer whose model was not resized, and never seen by it.</summary>
    public IReadOnlyDictionary<string, int> Rowless => _rowless;

    /// <summary>Reads a model folder's vocabulary; null when it has no tokenizer.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="rows">Rows of the model's embedding.</param>
    /// <exception cref="InvalidInputException">It is not valid.</exception>
    public static Vocabulary? Find(string folder, long rows)
    {
        var vocabulary = new Vocabulary();
        if (!vocabulary.ReadFolder(folder))
        {
            return null;
        }

        vocabulary.LimitTo(rows);
        return vocabulary;
    }

    /// <summary>The same tokens for another model, with as many of them as that has rows.</summary>
    public Vocabulary For(long rows)
    {
        var copy = new Vocabulary();
        foreach (var (token, id) in _ids.Concat(_rowless))
        {
            copy._ids.Add(token, id);
        }

        foreach (var (token, entry) in _added)
        {
            copy._added.Add(token, entry);
        }

        copy.LimitTo(rows);
        return copy;
    }

    private void LimitTo(long rows)
    {
        foreach (var (token, id) in _ids.Where(t => t.Value >= rows).ToList())
        {
            _ids.Remove(token);
            _rowless.Add(token, id);
        }
    }

    private bool ReadFolder(string folder)
    {
        var modern = Path.Combine(folder, "tokenizer.json");
        if (File.Exists(modern))
        {
            ReadJson(modern, ReadTokenizer);
            return true;
        }

        var old = Path.Combine(folder, "vocab.json");
        if (!File.Exists(old))
        {
            return false;
        }

        ReadJson(old, ReadMap);
        var added = Path.Combine(folder, "added_tokens.json");
        if (File.Exists(added))
        {
            ReadJson(added, ReadMap);
        }

        return true;
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
