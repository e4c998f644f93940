using System.Text.Json;

namespace LamdAgent.Planner.Agent;

/// <summary>Finds the JSON object in an agent's answer, which often stands among words or in a code fence. What is in it are names, never code or paths.</summary>
public static class AgentAnswer
{
    private const int MaxLength = 100_000;

    /// <summary>The last complete JSON object of the text that has the wanted key; models think first and answer last. Null when there is none.</summary>
    public static JsonElement? Find(string text, string wantedKey)
    {
        if (text.Length > MaxLength)
        {
            text = text[^MaxLength..];
        }

        for (var start = text.LastIndexOf('{'); start >= 0; start = start == 0 ? -1 : text.LastIndexOf('{', start - 1))
        {
            var reader = new Utf8JsonReader(System.Text.Encoding.UTF8.GetBytes(text[start..]), new JsonReaderOptions { MaxDepth = 8, AllowTrailingCommas = true });
            try
            {
                if (JsonDocument.TryParseValue(ref reader, out var document) && document.RootElement.TryGetProperty(wantedKey, out _))
                {
                    return document.RootElement;
                }
            }
            catch (JsonException)
            {
                // This brace began no object; an earlier one may.
            }
        }

        return null;
    }

    /// <summary>A text property, or null.</summary>
    public static string? Text(JsonElement answer, string key) =>
        answer.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()!.Trim() : null;

    /// <summary>A property that is a list of texts, or one text; null when it is something else.</summary>
    public static IReadOnlyList<string>? Texts(JsonElement answer, string key)
    {
        if (!answer.TryGetProperty(key, out var value))
        {
            return null;
        }

        return value.ValueKind switch
        {
            JsonValueKind.String => [value.GetString()!.Trim()],
            JsonValueKind.Array when value.EnumerateArray().All(v => v.ValueKind == JsonValueKind.String) => [.. value.EnumerateArray().Select(v => v.GetString()!.Trim())],
            _ => null,
        };
    }
}
