using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Tokenization.Decoders;
using LamdAgent.Tokenization.Models;
using LamdAgent.Tokenization.Normalizers;
using LamdAgent.Tokenization.PostProcessors;
using LamdAgent.Tokenization.PreTokenizers;

namespace LamdAgent.Tokenization.Loading;

/// <summary>Reads <c>tokenizer.json</c> of the tokenizers library. Every part is understood or refused by name.</summary>
internal static class TokenizerJson
{
    public static TokenizerDefinition Read(string file)
    {
        using var document = Json.Open(file);
        var root = new JsonSection(file, "tokenizer", document.RootElement);

        // Truncation and padding are what one training run wanted; whoever encodes decides anew.
        root.Ignore("version", "truncation", "padding");
        var model = ReadModel(root.Section("model"));
        var definition = new TokenizerDefinition(model)
        {
            Normalizer = root.OptionalSection("normalizer") is { } normalizer ? NormalizerReader.Read(normalizer) : null,
            PreTokenizer = root.OptionalSection("pre_tokenizer") is { } preTokenizer ? PreTokenizerReader.Read(preTokenizer) : null,
            PostProcessor = root.OptionalSection("post_processor") is { } postProcessor ? PostProcessor.Read(postProcessor) : PostProcessor.None,
            Decoder = root.OptionalSection("decoder") is { } decoder ? DecoderReader.Read(decoder) : null,
            AddedTokens = root.Element("added_tokens") is null ? [] : [.. root.Items("added_tokens").Select(token => ReadAdded(token, token.Int("id"), model))],
        };
        root.RejectUnknown();
        return definition;
    }

    /// <summary>An added token, whose id and flags stand in <paramref name="section"/>.</summary>
    public static AddedToken ReadAdded(JsonSection section, int id, BpeModel model)
    {
        section.Ignore("__type", "id");
        var content = section.String("content");
        if (id < 0 || (model.Vocabulary.TryGetValue(content, out var known) && known != id))
        {
            throw section.Error($"the added token '{content}' has id {id}, but the vocabulary gives it another one");
        }

        var special = section.Bool("special", false);
        var token = new AddedToken(
            id,
            content,
            special,
            section.Bool("normalized", !special),
            section.Bool("lstrip", false),
            section.Bool("rstrip", false),
            section.Bool("single_word", false));
        section.RejectUnknown();
        return token;
    }

    private static BpeModel ReadModel(JsonSection section)
    {
        // Files older than the field "type" hold BPE models too, if they have merges.
        var type = section.OptionalString("type") ?? (section.Element("merges") is null ? "unknown" : "BPE");
        if (type != "BPE")
        {
            throw section.Error($"the model '{type}' is not supported (BPE is)");
        }

        if (section.Element("dropout") is { } dropout && dropout.GetDouble() != 0)
        {
            throw section.Error("dropout is not supported: the same text must give the same tokens");
        }

        var options = new BpeOptions
        {
            UnknownToken = section.OptionalString("unk_token"),
            ContinuingSubwordPrefix = section.OptionalString("continuing_subword_prefix") ?? "",
            EndOfWordSuffix = section.OptionalString("end_of_word_suffix") ?? "",
            FuseUnknown = section.Bool("fuse_unk", false),
            ByteFallback = section.Bool("byte_fallback", false),
            IgnoreMerges = section.Bool("ignore_merges", false),
        };
        var vocabulary = ReadVocabulary(section, section.Element("vocab") ?? throw section.Error("'vocab' is missing"));
        var merges = section.Array("merges").Select((merge, i) => ReadMerge(section, merge, i)).ToArray();
        section.RejectUnknown();
        return new BpeModel(vocabulary, merges, options, section.File);
    }

    public static Dictionary<string, int> ReadVocabulary(JsonSection section, JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw section.Error("'vocab' is an object of tokens and their ids");
        }

        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var entry in element.EnumerateObject())
        {
            string name;
            try
            {
                name = entry.Name;
            }
            catch (InvalidOperationException)
            {
                throw section.Error("a token of the vocabulary holds half a surrogate pair");
            }

            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out var id) || id < 0)
            {
                throw section.Error($"the token '{name}' has no id");
            }

            vocabulary[name] = id;
        }

        return vocabulary;
    }

    private static (string Left, string Right) ReadMerge(JsonSection section, JsonElement merge, int index)
    {
        if (merge.ValueKind == JsonValueKind.Array && merge.GetArrayLength() == 2 && merge[0].ValueKind == JsonValueKind.String && merge[1].ValueKind == JsonValueKind.String)
        {
            return (section.Text(merge[0]), section.Text(merge[1]));
        }

        if (merge.ValueKind == JsonValueKind.String)
        {
            var text = section.Text(merge);
            var space = text.IndexOf(' ');
            if (space > 0 && space == text.LastIndexOf(' ') && space < text.Length - 1)
            {
                return (text[..space], text[(space + 1)..]);
            }
        }

        throw section.Error($"merge {index + 1} is not two tokens");
    }
}
