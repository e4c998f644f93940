using System.Security.Cryptography;
using LamdAgent.Domain;
using LamdAgent.Tokenization.Loading;
using LamdAgent.Tokenization.Models;
using LamdAgent.Tokenization.Templates;
using LamdAgent.Tokenization.Unicode;

namespace LamdAgent.Tokenization;

/// <summary>
/// Text to token ids and back, exactly as the tokenizers library does it for the same files (BPE: byte-level and SentencePiece style). A file that asks for
/// something that is not supported is refused when it is loaded. Instances may be used from many threads at once.
/// </summary>
public sealed partial class Tokenizer
{
    private readonly TokenizerDefinition definition;
    private readonly TokenTrie rawTokens;
    private readonly TokenTrie normalizedTokens;
    private readonly Dictionary<int, string> tokens = [];
    private readonly Dictionary<string, int> ids;
    private readonly HashSet<int> special;

    // Tokens found in the normalized text decode to their normalized content, and are not special then (as in the tokenizers library).
    private readonly Dictionary<int, string> normalizedContents = [];

    private Tokenizer(string folder, TokenizerDefinition definition, TokenizerConfig config)
    {
        this.definition = definition;
        Folder = folder;
        AddedTokens = definition.AddedTokens;
        ids = new Dictionary<string, int>(definition.Model.Vocabulary, StringComparer.Ordinal);
        foreach (var (token, id) in ids)
        {
            tokens[id] = token;
        }

        foreach (var token in AddedTokens)
        {
            ids[token.Content] = token.Id;
            tokens[token.Id] = token.Content;
        }

        special = [.. AddedTokens.Where(token => token.IsSpecial).Select(token => token.Id)];
        var found = AddedTokens.Where(token => !(config.SplitSpecialTokens && token.IsSpecial)).ToList();
        rawTokens = new TokenTrie(found.Where(token => !token.IsNormalized).Select(token => (token.Content, token)));
        foreach (var token in AddedTokens.Where(token => token.IsNormalized && Normalize(token.Content) != token.Content))
        {
            normalizedContents[token.Id] = Normalize(token.Content);
        }

        normalizedTokens = new TokenTrie(found.Where(token => token.IsNormalized).Select(token => (normalizedContents.GetValueOrDefault(token.Id, token.Content), token)));
        SpecialTokens = config.SpecialTokens;
        VocabularySize = ids.Count;
        MaxTokenId = tokens.Keys.DefaultIfEmpty(-1).Max();
        EndIds = new HashSet<int>(config.EndIds.Concat(RoleId("eos_token") is { } eos ? [eos] : []));
        ChatTemplate = config.ChatTemplates.Count > 0 ? new ChatTemplate(config.ChatTemplates, config.SpecialTokens) : null;
    }

    /// <summary>The folder it was read from.</summary>
    public string Folder { get; }

    /// <summary>The number of different tokens, added ones among them.</summary>
    public int VocabularySize { get; }

    /// <summary>The largest id in use; a model needs at least one embedding row more than this.</summary>
    public int MaxTokenId { get; }

    /// <summary>Tokens cut out of the text first.</summary>
    public IReadOnlyList<AddedToken> AddedTokens { get; }

    /// <summary>Special tokens by role (<c>bos_token</c>, <c>eos_token</c>, <c>pad_token</c> ...), those that the configuration sets.</summary>
    public IReadOnlyDictionary<string, string> SpecialTokens { get; }

    /// <summary>Id of the beginning token, if there is one.</summary>
    public int? BosId => RoleId("bos_token");

    /// <summary>Id of <c>eos_token</c>, if there is one.</summary>
    public int? EosId => RoleId("eos_token");

    /// <summary>Id of the padding token, if there is one. Never mask by it: it may be the end token as well.</summary>
    public int? PadId => RoleId("pad_token");

    /// <summary>Tokens at which generation stops: <c>eos_token</c> and those of <c>generation_config.json</c> and <c>config.json</c>.</summary>
    public IReadOnlySet<int> EndIds { get; }

    /// <summary>The model's chat template, or null.</summary>
    public ChatTemplate? ChatTemplate { get; }

    /// <summary>Ids put before a text when special tokens are added.</summary>
    public IReadOnlyList<int> LeadingIds => definition.PostProcessor.Before;

    /// <summary>Ids put after a text when special tokens are added.</summary>
    public IReadOnlyList<int> TrailingIds => definition.PostProcessor.After;

    /// <summary>Whether a model folder has a tokenizer.</summary>
    public static bool Exists(string folder) => File.Exists(Path.Combine(folder, "tokenizer.json")) || Gpt2Files.Exist(folder);

    /// <summary>Reads the tokenizer of a model folder: <c>tokenizer.json</c>, or the two files of GPT-2.</summary>
    /// <exception cref="InvalidInputException">A file is missing, broken or asks for what is not supported.</exception>
    public static Tokenizer Load(string folder)
    {
        var file = Path.Combine(folder, "tokenizer.json");
        if (!Directory.Exists(folder))
        {
            throw new InvalidInputException(folder, null, "there is no such folder");
        }

        try
        {
            return LoadFiles(folder, file);
        }
        catch (InvalidOperationException e)
        {
            // Strings are checked where they are read; the names of keys are not.
            throw new InvalidInputException(folder, null, "a tokenizer file holds a key with half a surrogate pair", e);
        }
    }

    private static Tokenizer LoadFiles(string folder, string file)
    {
        var config = TokenizerConfig.Read(folder);
        TokenizerDefinition parts;
        if (File.Exists(file))
        {
            parts = TokenizerJson.Read(file);
        }
        else if (Gpt2Files.Exist(folder))
        {
            parts = Gpt2Files.Read(folder, config.AddPrefixSpace, config.AddBosToken ? config.SpecialTokens.GetValueOrDefault("bos_token") : null);
        }
        else
        {
            throw new InvalidInputException(folder, null, "there is no tokenizer: neither tokenizer.json nor vocab.json with merges.txt");
        }

        return new Tokenizer(folder, parts with { AddedTokens = Combine(parts, config) }, config);
    }

    /// <summary>The ids of a text; with <paramref name="addSpecialTokens"/>, also those that the tokenizer puts around a text (a beginning token, say).</summary>
    public int[] Encode(string text, bool addSpecialTokens)
    {
        var output = new List<int>();
        if (addSpecialTokens)
        {
            output.AddRange(definition.PostProcessor.Before);
        }

        Encode(AlignedText.Of(CodePoints.Repair(text), tracked: false), output, null);
        if (addSpecialTokens)
        {
            output.AddRange(definition.PostProcessor.After);
        }

        return [.. output];
    }

    /// <summary>The ids of text that goes on where other text was encoded before: without special tokens, and without the space or "▁" that a text's start gets.</summary>
    public int[] EncodeContinuation(string text)
    {
        var output = new List<int>();
        Encode(AlignedText.Of(CodePoints.Repair(text), tracked: false) with { IsContinuation = true, AtStart = false }, output, null);
        return [.. output];
    }

    /// <summary>The ids of a text, without special tokens around it, each with its place in the text.</summary>
    public TokenSpan[] EncodeWithSpans(string text)
    {
        var output = new List<int>();
        var ranges = new List<(int Start, int End)>();
        Encode(AlignedText.Of(CodePoints.Repair(text), tracked: true), output, ranges);
        return [.. output.Zip(ranges, static (id, range) => new TokenSpan(id, range.Start, range.End))];
    }

    /// <summary>The text of ids. Ids that no token has are left out, as models may have more rows than tokens.</summary>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens)
    {
        var texts = new List<string>(ids.Length);
        foreach (var id in ids)
        {
            if (normalizedContents.TryGetValue(id, out var token) || (tokens.TryGetValue(id, out token) && !(skipSpecialTokens && special.Contains(id))))
            {
                texts.Add(token);
            }
        }

        return definition.Decoder is { } decoder ? string.Concat(decoder(texts)) : string.Join(' ', texts);
    }

    /// <summary>The id of a token, or null.</summary>
    public int? TokenToId(string token) => ids.TryGetValue(token, out var id) ? id : null;

    /// <summary>The token of an id as the vocabulary writes it (byte-level characters, "▁"), or null.</summary>
    public string? IdToToken(int id) => tokens.GetValueOrDefault(id);

    /// <summary>Whether an id is a special token.</summary>
    public bool IsSpecial(int id) => special.Contains(id);

    /// <summary>Checks that a model has an embedding row for every token.</summary>
    /// <param name="embeddingRows">Rows of the model's embedding (<c>vocab_size</c>).</param>
    /// <param name="model">How the model is called in the message.</param>
    /// <exception cref="InvalidInputException">A token has no row.</exception>
    public void EnsureFits(int embeddingRows, string model)
    {
        if (MaxTokenId >= embeddingRows)
        {
            throw new InvalidInputException(
                $"the tokenizer in {Folder} does not fit the model {model}: its largest token id is {MaxTokenId} ({VocabularySize} tokens), but the model has {embeddingRows} embedding rows");
        }
    }

    /// <summary>sha256 over the files that decide what text becomes which ids and how chats are written, in lower-case hex.</summary>
    public string ContentDigest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        string[] names = ["tokenizer.json", "vocab.json", "merges.txt", "encoder.json", "vocab.bpe", "tokenizer_config.json", "special_tokens_map.json", "chat_template.jinja"];
        foreach (var name in names.Where(name => File.Exists(Path.Combine(Folder, name))))
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(name + "\n"));
            hash.AppendData(SHA256.HashData(File.ReadAllBytes(Path.Combine(Folder, name))));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // Tokens of tokenizer_config.json come after those of tokenizer.json and win, and every token with a role is special.
    private static List<AddedToken> Combine(TokenizerDefinition definition, TokenizerConfig config)
    {
        var byId = definition.AddedTokens.ToDictionary(token => token.Id);
        foreach (var (id, section) in config.AddedTokens)
        {
            byId[id] = TokenizerJson.ReadAdded(section, id, definition.Model);
        }

        var contents = byId.Values.Select(token => token.Content).ToHashSet(StringComparer.Ordinal);
        foreach (var (_, content) in config.SpecialTokens)
        {
            if (contents.Add(content) && definition.Model.Vocabulary.TryGetValue(content, out var id))
            {
                byId[id] = new AddedToken(id, content, IsSpecial: true, IsNormalized: false, false, false, false);
            }
        }

        return [.. byId.Values.OrderBy(token => token.Id)];
    }

    private int? RoleId(string role) => SpecialTokens.TryGetValue(role, out var content) ? TokenToId(content) : null;

    private string Normalize(string text) => definition.Normalizer?.Normalize(new AlignedText(text, null, null, true)).Text ?? text;

    private void Encode(AlignedText text, List<int> output, List<(int Start, int End)>? ranges)
    {
        foreach (var (piece, token) in Cut(text, rawTokens))
        {
            if (token is not null)
            {
                Add(token, piece, output, ranges);
                continue;
            }

            var normalized = definition.Normalizer?.Normalize(piece) ?? piece;
            foreach (var (inner, innerToken) in Cut(normalized, normalizedTokens))
            {
                if (innerToken is not null)
                {
                    Add(innerToken, inner, output, ranges);
                }
                else
                {
                    EncodePiece(inner, output, ranges);
                }
            }
        }
    }

    private static void Add(AddedToken token, AlignedText piece, List<int> output, List<(int Start, int End)>? ranges)
    {
        output.Add(token.Id);
        ranges?.Add((piece.Starts![0], piece.Ends![^1]));
    }

    private static IEnumerable<(AlignedText Piece, AddedToken? Token)> Cut(AlignedText text, TokenTrie trie)
    {
        var last = 0;
        if (!trie.IsEmpty)
        {
            foreach (var (token, start, end) in trie.Find(text.Text))
            {
                if (start > last)
                {
                    yield return (text.Slice(last, start), null);
                }

                yield return (text.Slice(start, end), token);
                last = end;
            }
        }

        if (last < text.Text.Length)
        {
            yield return (text.Slice(last, text.Text.Length), null);
        }
    }

    private void EncodePiece(AlignedText text, List<int> output, List<(int Start, int End)>? ranges)
    {
        var pieces = new List<AlignedText>();
        if (definition.PreTokenizer is { } preTokenizer)
        {
            preTokenizer.Split(text, pieces);
        }
        else
        {
            pieces.Add(text);
        }

        var lengths = ranges is null ? null : new List<int>();
        foreach (var piece in pieces)
        {
            if (piece.Text.Length == 0)
            {
                continue;
            }

            lengths?.Clear();
            definition.Model.Encode(piece.Text, output, lengths);
            if (lengths is null)
            {
                continue;
            }

            var (at, previous) = (0, (piece.Starts![0], piece.Starts[0]));
            foreach (var length in lengths)
            {
                // A further byte of a character has the range of its first byte.
                previous = length == 0 ? previous : (piece.Starts[at], piece.Ends![at + length - 1]);
                ranges!.Add(previous);
                at += length;
            }
        }
    }
}
