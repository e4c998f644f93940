using System.Collections.Concurrent;
using System.Globalization;
using LamdAgent.Domain;
using LamdAgent.Tokenization.Unicode;

namespace LamdAgent.Tokenization.Models;

/// <summary>
/// Byte-pair encoding: the pieces of text start as single characters, and the pair with the best rank (the leftmost of them) is merged until none is left.
/// Follows tokenizers/src/models/bpe of huggingface/tokenizers 0.23. Safe to use from many threads.
/// </summary>
internal sealed class BpeModel
{
    private const int CachedLength = 64, CacheSize = 100_000;

    private readonly Dictionary<string, int> vocabulary;
    private readonly MergeTable merges;
    private readonly BpeOptions options;
    private readonly int[] single = new int[0x10000];
    private readonly int[]? byteTokens;
    private readonly int unknown = -1;
    private readonly ConcurrentDictionary<string, (int[] Ids, int[] Lengths)> cache = new(StringComparer.Ordinal);

    /// <param name="vocabulary">Tokens and their ids.</param>
    /// <param name="merges">Pairs in the order of their rank.</param>
    /// <param name="options">Settings.</param>
    /// <param name="file">The file they come from, for messages.</param>
    public BpeModel(Dictionary<string, int> vocabulary, IReadOnlyList<(string Left, string Right)> merges, BpeOptions options, string file)
    {
        this.vocabulary = vocabulary;
        this.options = options;
        this.merges = new MergeTable(merges.Count);
        for (var rank = 0; rank < merges.Count; rank++)
        {
            var (left, right) = merges[rank];
            var prefix = options.ContinuingSubwordPrefix;
            var joined = prefix.Length > 0 && right.StartsWith(prefix, StringComparison.Ordinal) ? left + right[prefix.Length..] : left + right;
            this.merges.Set(Known(left, rank, file), Known(right, rank, file), rank, Known(joined, rank, file));
        }

        Array.Fill(single, -1);
        foreach (var (token, id) in vocabulary)
        {
            if (token.Length == 1)
            {
                single[token[0]] = id;
            }
        }

        if (options.UnknownToken is { } name && !vocabulary.TryGetValue(name, out unknown))
        {
            unknown = -2;
        }

        if (options.ByteFallback)
        {
            byteTokens = [.. Enumerable.Range(0, 256).Select(b => vocabulary.GetValueOrDefault("<0x" + b.ToString("X2", CultureInfo.InvariantCulture) + ">", -1))];
        }
    }

    public IReadOnlyDictionary<string, int> Vocabulary => vocabulary;

    /// <summary>Adds the tokens of one piece; with <paramref name="lengths"/>, also how many UTF-16 units each of them takes.</summary>
    public void Encode(string piece, List<int> ids, List<int>? lengths)
    {
        if (options.IgnoreMerges && vocabulary.TryGetValue(piece, out var whole))
        {
            ids.Add(whole);
            lengths?.Add(piece.Length);
            return;
        }

        if (cache.TryGetValue(piece, out var known))
        {
            ids.AddRange(known.Ids);
            lengths?.AddRange(known.Lengths);
            return;
        }

        var word = Start(piece);
        word.MergeAll(merges);
        var (wordIds, wordLengths) = word.ToArrays();
        ids.AddRange(wordIds);
        lengths?.AddRange(wordLengths);
        if (piece.Length <= CachedLength && cache.Count < CacheSize)
        {
            cache.TryAdd(piece, (wordIds, wordLengths));
        }
    }

    private int Known(string token, int rank, string file) => vocabulary.TryGetValue(token, out var id)
        ? id
        : throw new InvalidInputException(file, null, $"merge {rank + 1} needs the token '{token}', which is not in the vocabulary");

    private BpeWord Start(string piece)
    {
        var word = new BpeWord(piece.Length);
        var pendingUnknown = 0;
        for (var i = 0; i < piece.Length;)
        {
            var codePoint = CodePoints.At(piece, i, out var length);
            var id = Find(piece, i, length, codePoint, out var symbol);
            if (id >= 0)
            {
                FlushUnknown(word, ref pendingUnknown);
                word.Add(id, length);
            }
            else if (!AddBytes(word, symbol ?? piece.Substring(i, length), length) && options.UnknownToken is not null)
            {
                if (unknown < 0)
                {
                    throw new InvalidInputException($"tokenizer: the unknown token '{options.UnknownToken}' is not in the vocabulary");
                }

                if (!options.FuseUnknown)
                {
                    FlushUnknown(word, ref pendingUnknown);
                }

                pendingUnknown += length;
            }

            i += length;
        }

        FlushUnknown(word, ref pendingUnknown);
        return word;
    }

    private int Find(string piece, int at, int length, int codePoint, out string? symbol)
    {
        var prefix = at > 0 ? options.ContinuingSubwordPrefix : "";
        var suffix = at + length == piece.Length ? options.EndOfWordSuffix : "";
        symbol = null;
        if (prefix.Length == 0 && suffix.Length == 0 && codePoint < 0x10000)
        {
            return single[codePoint];
        }

        symbol = prefix + piece.Substring(at, length) + suffix;
        return vocabulary.GetValueOrDefault(symbol, -1);
    }

    private void FlushUnknown(BpeWord word, ref int pending)
    {
        if (pending > 0)
        {
            word.Add(unknown, pending);
            pending = 0;
        }
    }

    // The bytes of a character share its length: the first carries it all, so that the ranges of tokens stay whole characters.
    private bool AddBytes(BpeWord word, string symbol, int length)
    {
        if (byteTokens is null)
        {
            return false;
        }

        var bytes = System.Text.Encoding.UTF8.GetBytes(symbol);
        if (bytes.Any(b => byteTokens[b] < 0))
        {
            return false;
        }

        for (var i = 0; i < bytes.Length; i++)
        {
            word.AddShared(byteTokens[bytes[i]], i == 0 ? length : 0);
        }

        return true;
    }
}
