using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;

namespace LamdAgent.Merging.Vocabularies;

/// <summary>Writes the tokenizer of a merge: the donor's files, without the tokens that have no row and with those that it lacked as added tokens.</summary>
internal static class TokenizerFiles
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Makes the donor's tokenizer, which stands in a folder, that of the output: tokens without a row go, new ones come.</summary>
    /// <exception cref="InvalidInputException">Something must be changed and there is no tokenizer.json that it can be changed in.</exception>
    public static void Fit(string folder, TokenAlignment alignment)
    {
        var rowless = alignment.RowlessTokens;
        if (alignment.NewTokens.Count == 0 && rowless.Count == 0)
        {
            return;
        }

        var path = Path.Combine(folder, "tokenizer.json");
        if (!File.Exists(path))
        {
            throw new InvalidInputException(alignment.Donor.ToString(), null, "tokens can only be added or taken away in a tokenizer.json; save the tokenizer in that form first");
        }

        var json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        RowlessTokens.Remove(json, rowless, alignment.Donor);
        var added = json["added_tokens"] as JsonArray;
        if (added is null)
        {
            json["added_tokens"] = added = [];
        }

        foreach (var (token, id, entry) in alignment.NewTokens)
        {
            added.Add(Entry(token, id, entry));
        }

        AtomicFile.WriteAllText(path, json.ToJsonString(Indented));
        foreach (var name in new[] { "tokenizer_config.json", "special_tokens_map.json" })
        {
            var file = Path.Combine(folder, name);
            if (File.Exists(file) && JsonNode.Parse(File.ReadAllText(file)) is JsonObject config)
            {
                RowlessTokens.RemoveNames(config, rowless.Keys.Where(t => !alignment.Output.ContainsKey(t)).ToHashSet(StringComparer.Ordinal));
                AddToDecoder(config, alignment);
                AtomicFile.WriteAllText(file, config.ToJsonString(Indented));
            }
        }
    }

    /// <summary>Sets a chat template in a folder, where transformers 4 and where transformers 5 look for it.</summary>
    public static void SetChatTemplate(string folder, string template)
    {
        AtomicFile.WriteAllText(Path.Combine(folder, "chat_template.jinja"), template);
        var path = Path.Combine(folder, "tokenizer_config.json");
        var config = File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path))!.AsObject() : [];
        config["chat_template"] = template;
        AtomicFile.WriteAllText(path, config.ToJsonString(Indented));
    }

    /// <summary>A model's chat template, or null.</summary>
    public static string? FindChatTemplate(string folder)
    {
        var file = Path.Combine(folder, "chat_template.jinja");
        if (File.Exists(file))
        {
            return File.ReadAllText(file);
        }

        var path = Path.Combine(folder, "tokenizer_config.json");
        if (!File.Exists(path))
        {
            return null;
        }

        using var config = JsonDocument.Parse(File.ReadAllBytes(path));
        if (config.RootElement.ValueKind != JsonValueKind.Object || !config.RootElement.TryGetProperty("chat_template", out var template))
        {
            return null;
        }

        // One text, or a list of named ones of which the default is meant.
        return template.ValueKind switch
        {
            JsonValueKind.String => template.GetString(),
            JsonValueKind.Array => template.EnumerateArray().Where(t => t.GetProperty("name").GetString() == "default").Select(t => t.GetProperty("template").GetString()).FirstOrDefault(),
            _ => null,
        };
    }

    private static void AddToDecoder(JsonObject config, TokenAlignment alignment)
    {
        if (config["added_tokens_decoder"] is not JsonObject decoder)
        {
            return;
        }

        foreach (var (token, id) in alignment.RowlessTokens)
        {
            decoder.Remove($"{id}");
        }

        foreach (var (token, id, entry) in alignment.NewTokens)
        {
            var one = Entry(token, id, entry);
            one.Remove("id");
            decoder[$"{id}"] = one;
        }
    }

    private static JsonObject Entry(string token, int id, JsonElement? known)
    {
        var entry = known is { } element
            ? JsonObject.Create(element.Clone())!.DeepClone().AsObject()
            : new JsonObject
            {
                ["id"] = id,
                ["content"] = token,
                ["single_word"] = false,
                ["lstrip"] = false,
                ["rstrip"] = false,
                ["normalized"] = true,
                ["special"] = false,
            };
        entry["id"] = id;
        return entry;
    }
}
