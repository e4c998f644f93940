using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Tokenization.Patterns;

namespace LamdAgent.Tokenization.Loading;

/// <summary>An object of a tokenizer file, read key by key; keys that nobody asked for are refused, since they may change the tokens.</summary>
internal sealed class JsonSection
{
    private readonly string file;
    private readonly string path;
    private readonly JsonElement element;
    private readonly HashSet<string> used = ["type"];

    public JsonSection(string file, string path, JsonElement element)
    {
        this.file = file;
        this.path = path;
        this.element = element;
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw Error("an object is expected");
        }
    }

    public string File => file;

    public string Type() => String("type");

    public string String(string key) => OptionalString(key) ?? throw Error($"'{key}' is missing");

    public string? OptionalString(string key) => Find(key) is not { } value
        ? null
        : value.ValueKind == JsonValueKind.String ? Text(value) : throw Error($"'{key}' is a string");

    public bool Bool(string key, bool? fallback = null) => Find(key) switch
    {
        null => fallback ?? throw Error($"'{key}' is missing"),
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => throw Error($"'{key}' is true or false"),
    };

    public int Int(string key) => Find(key) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number) ? number : throw Error($"'{key}' is a whole number");

    public int[] Ints(string key) => [.. Array(key).Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var id) ? id : throw Error($"'{key}' holds whole numbers"))];

    public IEnumerable<JsonSection> Items(string key) => Array(key).Select((item, i) => new JsonSection(file, $"{path}.{key}[{i}]", item));

    public JsonElement[] Array(string key) => Find(key) is { ValueKind: JsonValueKind.Array } value ? [.. value.EnumerateArray()] : throw Error($"'{key}' is a list");

    public JsonSection Section(string key) => OptionalSection(key) ?? throw Error($"'{key}' is missing");

    public JsonSection? OptionalSection(string key) => Find(key) is { } value ? new JsonSection(file, $"{path}.{key}", value) : null;

    public JsonElement? Element(string key) => Find(key);

    public int PairId(string key) => Array(key) is [_, { ValueKind: JsonValueKind.Number } id] && id.TryGetInt32(out var value) ? value : throw Error($"'{key}' is a token and its id");

    /// <summary>What to search for: <c>{"String": ...}</c> or <c>{"Regex": ...}</c>.</summary>
    public Pattern Pattern(string key)
    {
        var section = Section(key);
        try
        {
            return section.OptionalString("String") is { } literal ? Patterns.Pattern.Literal(literal) : Patterns.Pattern.Regex(section.String("Regex"));
        }
        catch (InvalidInputException e) when (e.File is null)
        {
            throw Error(e.Message);
        }
    }

    public void Ignore(params string[] keys) => used.UnionWith(keys);

    public void RejectUnknown()
    {
        foreach (var property in element.EnumerateObject())
        {
            if (!used.Contains(property.Name) && property.Value.ValueKind != JsonValueKind.Null)
            {
                throw Error($"the setting '{property.Name}' is not supported");
            }
        }
    }

    public InvalidInputException Error(string message) => new(file, null, $"{path}: {message}");

    /// <summary>The text of a string value; broken surrogate escapes are an error in the file, not a crash.</summary>
    public string Text(JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidInputException(file, null, $"{path}: a string holds half a surrogate pair", e);
        }
    }

    private JsonElement? Find(string key)
    {
        used.Add(key);
        return element.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }
}
