using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Domain;

namespace LamdAgent.Checkpoints;

/// <summary>
/// Typed look-ups in a config.json: the first of several spellings that is there and not null. Where none is there the family's default holds; where one is there with null, nothing
/// does.
/// </summary>
internal sealed class ConfigKeys(JsonObject json, string file, FamilyKeys? family = null)
{
    public JsonNode? Node(params ReadOnlySpan<string> spellings)
    {
        var named = false;
        foreach (var key in spellings)
        {
            if (family?.Reads(key) != false && json.TryGetPropertyValue(key, out var node))
            {
                if (node is not null)
                {
                    return node;
                }

                named = true;
            }
        }

        return named ? null : Default(spellings);
    }

    /// <summary>What the file has under a key, whether the family reads it or not.</summary>
    public JsonNode? Raw(string key) => json[key];

    public string? Text(params ReadOnlySpan<string> spellings) =>
        Node(spellings) is not { } node ? null : node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : throw Error($"'{spellings[0]}' is not text");

    public int? Int(params ReadOnlySpan<string> spellings) =>
        Node(spellings) is not { } node
            ? null
            : Number(node) is { } value && value == Math.Floor(value) && value is >= 0 and <= int.MaxValue ? (int)value : throw Error($"'{spellings[0]}' is not a whole number from 0");

    public int RequiredInt(params ReadOnlySpan<string> spellings) =>
        Int(spellings) is { } value ? value > 0 ? value : throw Error($"'{spellings[0]}' must be at least 1") : throw Error($"'{spellings[0]}' is missing");

    public double? Number(params ReadOnlySpan<string> spellings) =>
        Node(spellings) is not { } node ? null : Number(node) ?? throw Error($"'{spellings[0]}' is not a number");

    public bool? Flag(string key) => Node(key)?.GetValueKind() switch
    {
        null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Error($"'{key}' is not true or false"),
    };

    /// <summary>A whole number or a list of them; empty when absent.</summary>
    public IReadOnlyList<int> Ints(string key)
    {
        if (Node(key) is not { } node)
        {
            return [];
        }

        return node is JsonArray list ? [.. list.Select(One)] : [One(node)];

        int One(JsonNode? item) =>
            item is not null && Number(item) is { } value && value == Math.Floor(value) && Math.Abs(value) <= int.MaxValue ? (int)value : throw Error($"'{key}' is not a list of whole numbers");
    }

    public ConfigKeys Below(JsonObject inner) => new(inner, file);

    private JsonNode? Default(ReadOnlySpan<string> spellings)
    {
        foreach (var key in spellings)
        {
            if (family?.Default(key) is { } value)
            {
                return value;
            }
        }

        return null;
    }

    public InvalidInputException Error(string what) => new(file, null, what);

    private static double? Number(JsonNode node) => node.GetValueKind() == JsonValueKind.Number && node.AsValue().TryGetValue<double>(out var value) ? value : null;
}
