using System.Text.Json;
using LamdAgent.Domain;

namespace LamdAgent.Tokenization.Loading;

/// <summary>What stands beside the tokenizer: <c>tokenizer_config.json</c>, <c>special_tokens_map.json</c>, chat templates, the end tokens of <c>generation_config.json</c>.</summary>
internal sealed class TokenizerConfig
{
    /// <summary>Special tokens by their role (<c>bos_token</c>, <c>eos_token</c> ...), those that are set.</summary>
    public Dictionary<string, string> SpecialTokens { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, string> ChatTemplates { get; } = new(StringComparer.Ordinal);

    public List<(int Id, JsonSection Section)> AddedTokens { get; } = [];

    public List<int> EndIds { get; } = [];

    public bool AddPrefixSpace { get; private set; }

    public bool AddBosToken { get; private set; }

    /// <summary>Whether special tokens that stand in a text are text like any other.</summary>
    public bool SplitSpecialTokens { get; private set; }

    public static TokenizerConfig Read(string folder)
    {
        var config = new TokenizerConfig();
        config.ReadConfig(Path.Combine(folder, "tokenizer_config.json"));
        config.ReadSpecialTokensMap(Path.Combine(folder, "special_tokens_map.json"));
        config.ReadTemplates(folder);
        config.ReadEndIds(Path.Combine(folder, "generation_config.json"));
        config.ReadEndIds(Path.Combine(folder, "config.json"));
        return config;
    }

    private void ReadConfig(string file)
    {
        if (!File.Exists(file))
        {
            return;
        }

        using var document = Json.Open(file);
        var root = document.RootElement.Clone();
        var section = new JsonSection(file, "tokenizer_config", root);
        AddPrefixSpace = section.Bool("add_prefix_space", false);
        AddBosToken = section.Bool("add_bos_token", false);
        SplitSpecialTokens = section.Bool("split_special_tokens", false);
        ReadSpecialTokens(section, root, overwrite: true);
        if (section.Element("extra_special_tokens") is { ValueKind: JsonValueKind.Object } extra)
        {
            ReadSpecialTokens(section, extra, overwrite: true);
        }

        if (section.OptionalSection("added_tokens_decoder") is { } added)
        {
            foreach (var entry in root.GetProperty("added_tokens_decoder").EnumerateObject())
            {
                if (!int.TryParse(entry.Name, out var id))
                {
                    throw added.Error($"'{entry.Name}' is no token id");
                }

                AddedTokens.Add((id, new JsonSection(file, $"tokenizer_config.added_tokens_decoder.{id}", entry.Value)));
            }
        }

        if (section.Element("chat_template") is { } template)
        {
            ReadChatTemplate(section, template);
        }
    }

    private void ReadChatTemplate(JsonSection section, JsonElement template)
    {
        if (template.ValueKind == JsonValueKind.String)
        {
            ChatTemplates["default"] = section.Text(template);
            return;
        }

        foreach (var named in section.Items("chat_template"))
        {
            ChatTemplates[named.String("name")] = named.String("template");
        }
    }

    private void ReadSpecialTokensMap(string file)
    {
        if (File.Exists(file))
        {
            using var document = Json.Open(file);
            ReadSpecialTokens(new JsonSection(file, "special_tokens_map", document.RootElement), document.RootElement, overwrite: false);
        }
    }

    private void ReadSpecialTokens(JsonSection section, JsonElement element, bool overwrite)
    {
        foreach (var entry in element.EnumerateObject().Where(entry => entry.Name.EndsWith("_token", StringComparison.Ordinal)))
        {
            var content = entry.Value.ValueKind switch
            {
                JsonValueKind.String => section.Text(entry.Value),
                JsonValueKind.Object when entry.Value.TryGetProperty("content", out var inner) && inner.ValueKind == JsonValueKind.String => section.Text(inner),
                _ => null,
            };
            if (content is not null && (overwrite || !SpecialTokens.ContainsKey(entry.Name)))
            {
                SpecialTokens[entry.Name] = content;
            }
        }
    }

    // Templates in files of their own come before those in the configuration, as in transformers.
    private void ReadTemplates(string folder)
    {
        var main = Path.Combine(folder, "chat_template.jinja");
        if (File.Exists(main))
        {
            ChatTemplates["default"] = File.ReadAllText(main);
        }

        var more = Path.Combine(folder, "additional_chat_templates");
        if (Directory.Exists(more))
        {
            foreach (var file in Directory.EnumerateFiles(more, "*.jinja").Order(StringComparer.Ordinal))
            {
                ChatTemplates[Path.GetFileNameWithoutExtension(file)] = File.ReadAllText(file);
            }
        }
    }

    private void ReadEndIds(string file)
    {
        if (!File.Exists(file))
        {
            return;
        }

        using var document = Json.Open(file);
        if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("eos_token_id", out var ids))
        {
            return;
        }

        foreach (var id in ids.ValueKind == JsonValueKind.Array ? ids.EnumerateArray().ToArray() : [ids])
        {
            if (id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out var value))
            {
                EndIds.Add(value);
            }
            else if (id.ValueKind != JsonValueKind.Null)
            {
                throw new InvalidInputException(file, null, "'eos_token_id' is a token id or a list of them");
            }
        }
    }
}
