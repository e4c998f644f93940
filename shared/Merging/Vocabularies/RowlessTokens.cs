using System.Text.Json.Nodes;
using LamdAgent.Domain;

namespace LamdAgent.Merging.Vocabularies;

/// <summary>
/// Takes tokens out of a tokenizer whose model has no row for them: a padding token that was added without resizing the model, for one. Written out, they would point beyond
/// the embedding, or at rows that have become other tokens'.
/// </summary>
internal static class RowlessTokens
{
    /// <summary>Takes them out of a tokenizer.json.</summary>
    /// <param name="tokenizer">Its contents.</param>
    /// <param name="tokens">The tokens with their ids.</param>
    /// <param name="owner">The model, for messages.</param>
    /// <exception cref="InvalidInputException">They are words of a model that cannot do without some of its words.</exception>
    public static void Remove(JsonObject tokenizer, IReadOnlyDictionary<string, int> tokens, ModelReference owner)
    {
        if (tokens.Count == 0)
        {
            return;
        }

        if (tokenizer["added_tokens"] is JsonArray added)
        {
            RemoveWhere(added, entry => tokens.TryGetValue(entry!["content"]!.GetValue<string>(), out var id) && entry["id"]!.GetValue<int>() == id);
        }

        var model = tokenizer["model"]!.AsObject();
        if (model["vocab"] is JsonObject words && tokens.Keys.Any(words.ContainsKey))
        {
            if (model["type"]?.GetValue<string>() != "BPE")
            {
                throw Misfit(tokens, owner);
            }

            foreach (var token in tokens.Keys)
            {
                words.Remove(token);
            }

            if (model["merges"] is JsonArray merges)
            {
                RemoveWhere(merges, merge => Pair(merge!) is var (left, right) && (tokens.ContainsKey(left) || tokens.ContainsKey(right) || tokens.ContainsKey(left + right)));
            }
        }
        else if (model["vocab"] is JsonArray pieces && tokens.Values.Any(id => id < pieces.Count))
        {
            throw Misfit(tokens, owner);
        }
    }

    /// <summary>Takes their names out of settings such as <c>pad_token</c>.</summary>
    public static void RemoveNames(JsonObject settings, HashSet<string> tokens)
    {
        foreach (var (key, value) in settings.ToList())
        {
            if (key.EndsWith("_token", StringComparison.Ordinal) && Content(value) is { } token && tokens.Contains(token))
            {
                settings.Remove(key);
            }
            else if (value is JsonArray list)
            {
                RemoveWhere(list, entry => Content(entry) is { } one && tokens.Contains(one));
            }
        }
    }

    private static string? Content(JsonNode? node) => node switch
    {
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        JsonObject entry => Content(entry["content"]),
        _ => null,
    };

    private static (string Left, string Right) Pair(JsonNode merge) =>
        merge is JsonArray parts
            ? (parts[0]!.GetValue<string>(), parts[1]!.GetValue<string>())
            : merge.GetValue<string>().Split(' ', 2) is [var left, var right] ? (left, right) : (merge.GetValue<string>(), "");

    private static void RemoveWhere(JsonArray array, Func<JsonNode?, bool> goes)
    {
        for (var i = array.Count - 1; i >= 0; i--)
        {
            if (goes(array[i]))
            {
                array.RemoveAt(i);
            }
        }
    }

    private static InvalidInputException Misfit(IReadOnlyDictionary<string, int> tokens, ModelReference owner) =>
        new($"{owner}: its tokenizer has the id {tokens.Values.Max()}, its embedding only {tokens.Values.Min()} rows or fewer; the tokenizer does not fit the model");
}
