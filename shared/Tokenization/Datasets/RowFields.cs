using System.Text.Json;

namespace LamdAgent.Tokenization.Datasets;

/// <summary>The fields of one row, read with messages that say what is expected.</summary>
internal readonly record struct RowFields(JsonElement Row)
{
    public bool Has(string key) => Row.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null;

    public JsonElement Required(string key)
    {
        if (Has(key))
        {
            return Row.GetProperty(key);
        }

        var keys = Row.EnumerateObject().Select(property => property.Name).ToList();
        throw Bad($"'{key}' is missing{(keys.Count > 0 ? $"; the row has {string.Join(", ", keys.Select(name => $"'{name}'"))}" : "")}");
    }

    public JsonElement? Optional(string key) => Has(key) ? Row.GetProperty(key) : null;

    public string Text(string key) => TextOf(Required(key), key);

    public bool Bool(string key) => Required(key).ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Bad($"'{key}' is true or false"),
    };

    /// <summary>A number, or null when the row has none of that name.</summary>
    public double? Number(string key) => Optional(key) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } value => value.GetDouble(),
        _ => throw Bad($"'{key}' is a number"),
    };

    public int[] Ids(string key)
    {
        var value = Required(key);
        if (value.ValueKind != JsonValueKind.Array)
        {
            throw Bad($"'{key}' is a list of token ids");
        }

        var ids = new int[value.GetArrayLength()];
        var i = 0;
        foreach (var item in value.EnumerateArray())
        {
            ids[i++] = item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var id) ? id : throw Bad($"'{key}' is a list of token ids; item {i} is {item.GetRawText()}");
        }

        return ids;
    }

    /// <summary>A list of messages, each with a role.</summary>
    public JsonElement Messages(string key)
    {
        var messages = Required(key);
        if (messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0)
        {
            throw Bad($"'{key}' is a list of messages, at least one");
        }

        var i = 0;
        foreach (var message in messages.EnumerateArray())
        {
            i++;
            if (message.ValueKind != JsonValueKind.Object || !message.TryGetProperty("role", out var role) || role.ValueKind != JsonValueKind.String)
            {
                throw Bad(message.ValueKind == JsonValueKind.Object && message.TryGetProperty("from", out _)
                    ? $"'{key}': message {i} has 'from' and 'value' where 'role' and 'content' are expected"
                    : $"'{key}': message {i} has no 'role'");
            }

            if (!message.TryGetProperty("content", out _) && !message.TryGetProperty("tool_calls", out _))
            {
                throw Bad($"'{key}': message {i} has neither 'content' nor 'tool_calls'");
            }
        }

        return messages;
    }

    public static string TextOf(JsonElement value, string key)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            throw Bad($"'{key}' is a text");
        }

        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Bad($"'{key}' holds half a surrogate pair");
        }
    }

    public static RowProblemException Bad(string message) => new(DatasetProblemKind.BadField, message);
}
