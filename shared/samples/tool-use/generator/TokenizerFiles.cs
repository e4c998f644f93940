using System.Text.Json.Nodes;

namespace LamdAgent.Samples.ToolUse;

/// <summary>Writes the tokenizer the way Qwen's are written: tokenizer.json and tokenizer_config.json with the chat template.</summary>
public static class TokenizerFiles
{
    private static readonly (string Content, bool Special)[] Added =
    [
        (ChatFormat.Padding, true), (ChatFormat.TurnStart, true), (ChatFormat.TurnEnd, true), (ChatFormat.CallStart, false), (ChatFormat.CallEnd, false),
    ];

    /// <summary>How many ids the tokenizer has: bytes, merges, added tokens.</summary>
    public static int VocabularySize(BytePairEncoding encoding) => Vocabulary(encoding).Count + Added.Length;

    /// <summary>The id of an added token.</summary>
    public static int IdOf(BytePairEncoding encoding, string added) => Vocabulary(encoding).Count + Array.FindIndex(Added, a => a.Content == added);

    /// <summary>The number of merges that leads to a vocabulary of the given size.</summary>
    public static int MergeCountFor(int vocabularySize) => vocabularySize - 256 - Added.Length;

    /// <summary>tokenizer.json.</summary>
    public static JsonObject Tokenizer(BytePairEncoding encoding)
    {
        var vocabulary = Vocabulary(encoding);
        return new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray([.. Added.Select((a, i) => AddedToken(a.Content, a.Special, vocabulary.Count + i))]),
            ["normalizer"] = new JsonObject { ["type"] = "NFC" },
            ["pre_tokenizer"] = new JsonObject
            {
                ["type"] = "Sequence",
                ["pretokenizers"] = new JsonArray(
                    new JsonObject
                    {
                        ["type"] = "Split",
                        ["pattern"] = new JsonObject { ["Regex"] = BytePairEncoding.Pattern },
                        ["behavior"] = "Isolated",
                        ["invert"] = false,
                    },
                    ByteLevel(useRegex: false)),
            },
            ["post_processor"] = ByteLevel(useRegex: false),
            ["decoder"] = ByteLevel(useRegex: false),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = null,
                ["continuing_subword_prefix"] = "",
                ["end_of_word_suffix"] = "",
                ["fuse_unk"] = false,
                ["byte_fallback"] = false,
                ["ignore_merges"] = false,
                ["vocab"] = new JsonObject(vocabulary.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)id))),
                ["merges"] = new JsonArray([.. encoding.Merges.Select(m => (JsonNode)$"{m.Left} {m.Right}")]),
            },
        };
    }

    /// <summary>tokenizer_config.json.</summary>
    public static JsonObject Configuration(BytePairEncoding encoding) => new()
    {
        ["added_tokens_decoder"] = new JsonObject(Added.Select(a =>
        {
            var token = AddedToken(a.Content, a.Special, IdOf(encoding, a.Content));
            token.Remove("id");
            return KeyValuePair.Create($"{IdOf(encoding, a.Content)}", (JsonNode?)token);
        })),
        ["bos_token"] = null,
        ["clean_up_tokenization_spaces"] = false,
        ["eos_token"] = ChatFormat.TurnEnd,
        ["pad_token"] = ChatFormat.Padding,
        ["unk_token"] = null,
        ["model_max_length"] = 256,
        ["tokenizer_class"] = "PreTrainedTokenizerFast",
        ["chat_template"] = ChatFormat.Template.ReplaceLineEndings("\n"),
    };

    private static List<string> Vocabulary(BytePairEncoding encoding) =>
        [.. ByteAlphabet().Concat(encoding.Merges.Select(m => m.Left + m.Right)).Distinct(StringComparer.Ordinal)];

    /// <summary>GPT-2's alphabet: bytes that print stand for themselves, the others for characters from U+0100 on.</summary>
    private static IEnumerable<string> ByteAlphabet()
    {
        var other = 0;
        for (var value = 0; value < 256; value++)
        {
            var prints = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or >= 0xAE;
            yield return ((char)(prints ? value : 256 + other++)).ToString();
        }
    }

    private static JsonObject AddedToken(string content, bool special, int id) => new()
    {
        ["id"] = id,
        ["content"] = content,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = special,
    };

    private static JsonObject ByteLevel(bool useRegex) => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = false,
        ["trim_offsets"] = true,
        ["use_regex"] = useRegex,
    };
}
