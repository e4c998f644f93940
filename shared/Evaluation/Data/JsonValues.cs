using System.Globalization;
using System.Text.Json;

namespace LamdAgent.Evaluation.Data;

/// <summary>Equality of JSON values by meaning.</summary>
public static class JsonValues
{
    /// <summary>
    /// Objects without regard to the order of keys, lists in order, texts by character, numbers by value (1, 1.0 and 1e0 are equal).
    /// An object with a key twice equals nothing.
    /// </summary>
    public static bool Equal(JsonElement a, JsonElement b)
    {
        if (a.ValueKind != b.ValueKind)
        {
            return false;
        }

        switch (a.ValueKind)
        {
            case JsonValueKind.Object:
                return Keys(a) is { } left && Keys(b) is { } right && left.Count == right.Count
                    && left.All(pair => right.TryGetValue(pair.Key, out var other) && Equal(pair.Value, other));
            case JsonValueKind.Array:
                return a.GetArrayLength() == b.GetArrayLength() && a.EnumerateArray().Zip(b.EnumerateArray()).All(pair => Equal(pair.First, pair.Second));
            case JsonValueKind.String:
                return a.GetString() == b.GetString();
            case JsonValueKind.Number:
                return SameNumber(a.GetRawText(), b.GetRawText());
            default:
                return true;
        }
    }

    /// <summary>Whether every reader would understand the value alike: no key twice in an object, at any depth, and no half surrogates in texts.</summary>
    public static bool IsUnambiguous(JsonElement value)
    {
        try
        {
            return value.ValueKind switch
            {
                JsonValueKind.Object => Keys(value) is { } keys && keys.Values.All(IsUnambiguous),
                JsonValueKind.Array => value.EnumerateArray().All(IsUnambiguous),
                JsonValueKind.String => value.GetString() is not null,
                _ => true,
            };
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static Dictionary<string, JsonElement>? Keys(JsonElement value)
    {
        var keys = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var pair in value.EnumerateObject())
        {
            if (!keys.TryAdd(pair.Name, pair.Value))
            {
                return null;
            }
        }

        return keys;
    }

    // decimal is exact up to 28 digits; beyond that (or its range) the nearest double decides, and long digit strings must then agree as text.
    private static bool SameNumber(string a, string b)
    {
        const NumberStyles style = NumberStyles.Float;
        if (a == b)
        {
            return true;
        }

        if (a.Length <= 28 && b.Length <= 28
            && decimal.TryParse(a, style, CultureInfo.InvariantCulture, out var x) && decimal.TryParse(b, style, CultureInfo.InvariantCulture, out var y)
            && x != 0 && y != 0)
        {
            return x == y;
        }

        var left = double.Parse(a, style, CultureInfo.InvariantCulture);
        var right = double.Parse(b, style, CultureInfo.InvariantCulture);
        return double.IsFinite(left) && left == right && (left == 0 || (a.Length <= 17 && b.Length <= 17));
    }
}
