using LamdAgent.Domain.Configuration;

namespace LamdAgent.Domain.Recipes;

/// <summary>Reads the keys of a recipe with their defaults and remembers which were asked for, so that the list of keys is written down in one place only.</summary>
internal sealed class RecipeReader(ConfigMapping mapping)
{
    private readonly List<string> _asked = [];

    public IReadOnlyList<string> Asked => _asked;

    public ConfigNode? Optional(string key)
    {
        if (!_asked.Contains(key))
        {
            _asked.Add(key);
        }

        return mapping.Optional(key);
    }

    /// <summary>Whether the key is there with null, where that says something else than leaving it out.</summary>
    public bool IsNull(string key)
    {
        foreach (var entry in mapping.Entries)
        {
            if (entry.Key == key)
            {
                return entry.Value.IsNull;
            }
        }

        return false;
    }

    public InvalidInputException Error(string key, string message) => (mapping.Optional(key) ?? mapping).Error(message);

    public int Int(string key, int fallback, int min, int max) => Optional(key)?.AsInt(min, max) ?? fallback;

    public int? OptionalInt(string key, int min, int max) => Optional(key)?.AsInt(min, max);

    public double Double(string key, double fallback, double min, double max) => Optional(key)?.AsDouble(min, max) ?? fallback;

    public double? OptionalDouble(string key, double min, double max) => Optional(key)?.AsDouble(min, max);

    public bool Bool(string key, bool fallback) => Optional(key)?.AsBool() ?? fallback;

    public string? Text(string key) => Optional(key)?.AsString();

    public string OneOf(string key, string fallback, IReadOnlyCollection<string> valid) => Optional(key)?.AsOneOf(valid) ?? fallback;

    /// <summary>A list of numbers, or one number.</summary>
    public IReadOnlyList<double>? Numbers(string key) => Optional(key) switch
    {
        null => null,
        ConfigSequence list => [.. list.Select(item => item.AsDouble())],
        var one => [one.AsDouble()],
    };

    /// <summary>A list of words, or one word.</summary>
    public static IReadOnlyList<string>? Words(ConfigNode? node, IReadOnlyCollection<string>? valid = null) => node switch
    {
        null => null,
        ConfigSequence list => [.. list.Select(item => valid is null ? item.AsString() : item.AsOneOf(valid))],
        var one => [valid is null ? one.AsString() : one.AsOneOf(valid)],
    };
}
