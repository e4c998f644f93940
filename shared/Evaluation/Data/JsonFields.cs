using System.Text.Json;
using LamdAgent.Domain;

namespace LamdAgent.Evaluation.Data;

/// <summary>Reads fields of data rows with errors a person can act on.</summary>
public static class JsonFields
{
    /// <summary>The value at a dotted path (<c>answer.aliases</c>, <c>choices.0.text</c>), or null when it is absent or null.</summary>
    public static JsonElement? At(this JsonElement row, string path)
    {
        var value = row;
        foreach (var step in path.Split('.'))
        {
            if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty(step, out var next))
            {
                value = next;
            }
            else if (value.ValueKind == JsonValueKind.Array && int.TryParse(step, out var index) && index >= 0 && index < value.GetArrayLength())
            {
                value = value[index];
            }
            else
            {
                return null;
            }
        }

        return value.ValueKind == JsonValueKind.Null ? null : value;
    }

    /// <summary>The value at a dotted path.</summary>
    /// <exception cref="InvalidInputException">It is absent.</exception>
    public static JsonElement Required(this JsonElement row, string path) =>
        row.At(path) ?? throw new InvalidInputException($"'{path}' is missing");

    /// <summary>The text at a dotted path.</summary>
    /// <exception cref="InvalidInputException">It is absent or not text.</exception>
    public static string RequiredText(this JsonElement row, string path)
    {
        var value = row.Required(path);
        return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw new InvalidInputException($"'{path}' is {Kind(value)}, expected text");
    }

    /// <summary>The list at a dotted path.</summary>
    /// <exception cref="InvalidInputException">It is absent or not a list.</exception>
    public static IReadOnlyList<JsonElement> RequiredList(this JsonElement row, string path)
    {
        var value = row.Required(path);
        return value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : throw new InvalidInputException($"'{path}' is {Kind(value)}, expected a list");
    }

    /// <summary>The numbers at a dotted path.</summary>
    /// <exception cref="InvalidInputException">It is absent, or not a list of numbers.</exception>
    public static double[] RequiredNumbers(this JsonElement row, string path) => Numbers(row.RequiredList(path), path);

    /// <summary>Numbers out of a list of JSON values.</summary>
    /// <exception cref="InvalidInputException">One is not a number.</exception>
    public static double[] Numbers(IEnumerable<JsonElement> values, string what) =>
        [.. values.Select(value => value.ValueKind == JsonValueKind.Number ? value.GetDouble() : throw new InvalidInputException($"'{what}' holds {Kind(value)}, expected numbers"))];

    /// <summary>A text, or every text of a list of texts.</summary>
    /// <exception cref="InvalidInputException">It is absent, empty or something else.</exception>
    public static IReadOnlyList<string> RequiredTexts(this JsonElement row, string path)
    {
        var value = row.Required(path);
        var texts = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToList() : [value];
        return texts.Count > 0
            ? [.. texts.Select(text => text.ValueKind == JsonValueKind.String ? text.GetString()! : throw new InvalidInputException($"'{path}' is {Kind(text)}, expected text"))]
            : throw new InvalidInputException($"'{path}' is empty");
    }

    /// <summary>The response as text.</summary>
    /// <exception cref="InvalidInputException">It is something else, which no text grader can judge.</exception>
    public static string ResponseText(JsonElement response) => response.ValueKind == JsonValueKind.String
        ? response.GetString()!
        : throw new InvalidInputException($"'response' is {Kind(response)}, expected text: an answer that is not there has no score");

    /// <summary>What a value is, for messages.</summary>
    public static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Undefined => "missing",
        JsonValueKind.Null => "null",
        JsonValueKind.String => "text",
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        JsonValueKind.Number => "a number",
        _ => "true or false",
    };
}
