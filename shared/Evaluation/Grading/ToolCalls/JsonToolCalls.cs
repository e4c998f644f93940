using System.Text.Json;
using LamdAgent.Evaluation.Data;

namespace LamdAgent.Evaluation.Grading.ToolCalls;

/// <summary>Finds JSON tool calls in an answer. Strict on purpose: what an executor could not run is not a call.</summary>
internal static class JsonToolCalls
{
    private const string Open = "<tool_call>";
    private const string Close = "</tool_call>";

    /// <summary>The calls, or null and what is wrong.</summary>
    public static List<JsonToolCall>? Parse(string text, bool allowText, out string? error)
    {
        if (!text.Contains(Open, StringComparison.Ordinal))
        {
            return ParseJson(text, out error);
        }

        var calls = new List<JsonToolCall>();
        var position = 0;
        while (text.IndexOf(Open, position, StringComparison.Ordinal) is var start and >= 0)
        {
            var end = text.IndexOf(Close, start, StringComparison.Ordinal);
            if (end < 0)
            {
                error = $"{Open} without {Close}";
                return null;
            }

            if (!allowText && !string.IsNullOrWhiteSpace(text[position..start]))
            {
                error = "text around the calls";
                return null;
            }

            if (ParseJson(text[(start + Open.Length)..end], out error) is not { } inner)
            {
                return null;
            }

            calls.AddRange(inner);
            position = end + Close.Length;
        }

        error = !allowText && !string.IsNullOrWhiteSpace(text[position..]) ? "text around the calls" : null;
        return error is null ? calls : null;
    }

    /// <summary>Calls out of a parsed value: one call or a list of them.</summary>
    public static List<JsonToolCall>? FromValue(JsonElement value, out string? error)
    {
        var calls = new List<JsonToolCall>();
        foreach (var call in value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToList() : [value])
        {
            error = Problem(call);
            if (error is not null)
            {
                return null;
            }

            calls.Add(new JsonToolCall(call.GetProperty("name").GetString()!, call.GetProperty("arguments")));
        }

        error = null;
        return calls;
    }

    private static string? Problem(JsonElement call)
    {
        if (call.ValueKind != JsonValueKind.Object)
        {
            return $"a call must be an object, found {JsonFields.Kind(call)}";
        }

        if (!JsonValues.IsUnambiguous(call))
        {
            return "a key is there twice, or a text is not valid Unicode";
        }

        if (!call.TryGetProperty("name", out var name) || name.ValueKind != JsonValueKind.String)
        {
            return "no 'name'";
        }

        if (!call.TryGetProperty("arguments", out var arguments) || arguments.ValueKind != JsonValueKind.Object)
        {
            return "no 'arguments' object";
        }

        return call.EnumerateObject().Count() > 2 ? "a key besides 'name' and 'arguments'" : null;
    }

    private static List<JsonToolCall>? ParseJson(string text, out string? error)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return FromValue(document.RootElement.Clone(), out error);
        }
        catch (JsonException)
        {
            error = "not JSON";
            return null;
        }
    }
}
