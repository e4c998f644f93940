namespace LamdAgent.Samples.ToolUse;

/// <summary>
/// Made-up words of two or three syllables ("tamo", "kuzeli"). A hash assigns each word to one <see cref="DataSplit"/> for good, so no word of
/// the evaluation items occurs in any training text: what is right there was copied, not remembered.
/// </summary>
public sealed class Lexicon
{
    private const string Consonants = "bdfgklmnprstvz";
    private const string Vowels = "aeiou";
    private readonly Func<string, bool> _accepts;

    /// <summary>A lexicon that leaves out the words that <paramref name="accepts"/> refuses.</summary>
    public Lexicon(Func<string, bool> accepts) => _accepts = accepts;

    /// <summary>All syllables: a consonant and a vowel.</summary>
    public static IReadOnlyList<string> Syllables { get; } = [.. from c in Consonants from v in Vowels select $"{c}{v}"];

    /// <summary>The split a word belongs to: one word in ten for validation, one in ten for test.</summary>
    public static DataSplit SplitOf(string word) => (StableHash.Of(word) % 10) switch
    {
        0 => DataSplit.Validation,
        1 => DataSplit.Test,
        _ => DataSplit.Train,
    };

    /// <summary>A random word of the split.</summary>
    public string Word(SeededRandom random, DataSplit split)
    {
        while (true)
        {
            var count = random.Chance(0.35) ? 3 : 2;
            var word = string.Concat(Enumerable.Range(0, count).Select(_ => random.Pick(Syllables)));
            if (SplitOf(word) == split && _accepts(word))
            {
                return word;
            }
        }
    }

    /// <summary>Different random words of the split.</summary>
    public string[] Words(SeededRandom random, DataSplit split, int count)
    {
        var words = new List<string>(count);
        while (words.Count < count)
        {
            var word = Word(random, split);
            if (!words.Contains(word))
            {
                words.Add(word);
            }
        }

        return [.. words];
    }
}
