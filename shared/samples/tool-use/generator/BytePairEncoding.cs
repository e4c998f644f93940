using System.Text.RegularExpressions;

namespace LamdAgent.Samples.ToolUse;

/// <summary>
/// A byte-level BPE vocabulary learned from text (Sennrich et al. 2016; ASCII text only). The syllables of made-up words come first and are kept
/// whole in every context: "tamo" is ta|mo after a space, in quotes and after a dash, so copying it means copying the same tokens.
/// </summary>
public sealed partial class BytePairEncoding
{
    private readonly Dictionary<(string Left, string Right), int> _ranks = [];
    private readonly HashSet<string> _syllables;

    private BytePairEncoding(IEnumerable<string> syllables) => _syllables = [.. syllables];

    /// <summary>The regular expression of Qwen's tokenizer that cuts text into pieces.</summary>
    public const string Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>The merges in order, pieces written in GPT-2's byte alphabet.</summary>
    public List<(string Left, string Right)> Merges { get; } = [];

    /// <summary>Learns merges until there are <paramref name="mergeCount"/> or no pair is left that occurs ten times.</summary>
    public static BytePairEncoding Learn(IEnumerable<string> texts, IReadOnlyList<string> syllables, int mergeCount)
    {
        var encoding = new BytePairEncoding(syllables);
        foreach (var syllable in syllables)
        {
            encoding.Add(syllable[..1], syllable[1..]);
        }

        var counts = texts.SelectMany(Pieces).CountBy(p => p, StringComparer.Ordinal).OrderBy(p => p.Key, StringComparer.Ordinal);
        var words = counts.Select(p => (Tokens: encoding.Apply(p.Key), Count: p.Value)).ToList();
        while (encoding.Merges.Count < mergeCount && encoding.MostFrequentPair(words) is var (left, right))
        {
            encoding.Add(left, right);
            words = [.. words.Select(w => (Join(w.Tokens, left, right), w.Count))];
        }

        return encoding;
    }

    /// <summary>The tokens of a text without special tokens, in GPT-2's byte alphabet.</summary>
    public IEnumerable<string> Encode(string text) => Pieces(text).SelectMany(Apply);

    /// <summary>ASCII in GPT-2's byte alphabet: visible characters stand for themselves, space is Ġ, new line is Ċ.</summary>
    private static IEnumerable<string> Pieces(string text) =>
        Cutter().Matches(text).Select(m => m.Value.Replace(' ', 'Ġ').Replace('\n', 'Ċ'));

    private void Add(string left, string right)
    {
        _ranks.TryAdd((left, right), Merges.Count);
        Merges.Add((left, right));
    }

    private List<string> Apply(string piece)
    {
        var tokens = piece.Select(c => c.ToString()).ToList();
        while (true)
        {
            var best = (Rank: int.MaxValue, Left: "", Right: "");
            for (var i = 0; i + 1 < tokens.Count; i++)
            {
                if (_ranks.TryGetValue((tokens[i], tokens[i + 1]), out var rank) && rank < best.Rank)
                {
                    best = (rank, tokens[i], tokens[i + 1]);
                }
            }

            if (best.Rank == int.MaxValue)
            {
                return tokens;
            }

            tokens = Join(tokens, best.Left, best.Right);
        }
    }

    private (string Left, string Right)? MostFrequentPair(List<(List<string> Tokens, int Count)> words)
    {
        var counts = new Dictionary<(string Left, string Right), int>();
        foreach (var (tokens, count) in words)
        {
            for (var i = 0; i + 1 < tokens.Count; i++)
            {
                var pair = (tokens[i], tokens[i + 1]);
                counts[pair] = counts.GetValueOrDefault(pair) + count;
            }
        }

        const int fewest = 10;
        var candidates = counts.Where(p => p.Value >= fewest && !StartsWord(p.Key)).ToList();
        return candidates.Count == 0
            ? null
            : candidates.OrderByDescending(p => p.Value)
                .ThenBy(p => p.Key.Left, StringComparer.Ordinal).ThenBy(p => p.Key.Right, StringComparer.Ordinal).First().Key;
    }

    /// <summary>A space or sign glued to a syllable would make the first syllable of a word another token than inside quotes.</summary>
    private bool StartsWord((string Left, string Right) pair) => !char.IsAsciiLetter(pair.Left[^1]) && _syllables.Contains(pair.Right);

    private static List<string> Join(List<string> tokens, string left, string right)
    {
        var joined = new List<string>(tokens.Count);
        for (var i = 0; i < tokens.Count; i++)
        {
            if (i + 1 < tokens.Count && tokens[i] == left && tokens[i + 1] == right)
            {
                joined.Add(left + right);
                i++;
            }
            else
            {
                joined.Add(tokens[i]);
            }
        }

        return joined;
    }

    [GeneratedRegex(Pattern, RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Cutter();
}
