namespace LamdAgent.Samples.ToolUse;

/// <summary>A request in words with the one right answer.</summary>
/// <param name="Kind">What is asked: say, capitals, twice, join, list, quote, swap or last.</param>
/// <param name="Prompt">The user's turn.</param>
/// <param name="Answer">The assistant's turn.</param>
public sealed record Instruction(string Kind, string Prompt, string Answer)
{
    private static readonly (string Kind, string[] Phrasings, int Words, Func<string[], string> Answer)[] Kinds =
    [
        ("say", ["Say {0}.", "Please say {0}.", "Repeat the word {0}."], 1, w => w[0]),
        ("capitals", ["Write {0} in capitals.", "Please put {0} in capitals.", "The word {0} in capitals, please."], 1, w => w[0].ToUpperInvariant()),
        ("twice", ["Say {0} twice.", "Please write {0} twice.", "Repeat {0} two times."], 1, w => $"{w[0]} {w[0]}"),
        ("quote", ["Quote {0}.", "Put {0} in quotes.", "Please write {0} in quotes."], 1, w => $"\"{w[0]}\""),
        ("join", ["Join {0} and {1}.", "Make one word of {0} and {1}.", "Please glue {0} and {1}."], 2, w => w[0] + w[1]),
        ("swap", ["Swap {0} and {1}.", "Say {0} and {1} the other way round.", "Please turn {0} and {1} around."], 2, w => $"{w[1]} {w[0]}"),
        ("last", ["Which is last, {0}, {1} or {2}?", "Say the last of {0}, {1} and {2}.", "Last word of {0}, {1} and {2}?"], 3, w => w[2]),
        ("list", ["List {0}, {1} and {2}.", "Make a list of {0}, {1} and {2}.", "Please list {0}, {1} and {2}."], 3, w => $"- {w[0]}\n- {w[1]}\n- {w[2]}"),
    ];

    /// <summary>A phrasing that the base model never saw in its pre-training: what is left for it to learn about instructions.</summary>
    private static readonly Dictionary<string, string> NewPhrasings = new(StringComparer.Ordinal)
    {
        ["capitals"] = "Shout {0}.",
    };

    /// <summary>A random instruction with words of the split.</summary>
    /// <param name="random">Decides.</param>
    /// <param name="lexicon">Gives the words.</param>
    /// <param name="split">Where the instruction will be used.</param>
    /// <param name="withNewPhrasings">Also the phrasing that the pre-training text leaves out.</param>
    public static Instruction Make(SeededRandom random, Lexicon lexicon, DataSplit split, bool withNewPhrasings = false)
    {
        var (kind, phrasings, count, answer) = random.Pick(Kinds);
        if (withNewPhrasings && NewPhrasings.TryGetValue(kind, out var phrasing))
        {
            phrasings = [.. phrasings, phrasing];
        }

        var words = lexicon.Words(random, split, count);
        return new Instruction(kind, string.Format(random.Pick(phrasings), [.. words]), answer(words));
    }

    /// <summary>The instruction with an answer that belongs to another one of the same kind: noise that looks right.</summary>
    public Instruction Spoiled(SeededRandom random, Lexicon lexicon, DataSplit split)
    {
        while (true)
        {
            var other = Make(random, lexicon, split, withNewPhrasings: true);
            if (other.Answer != Answer)
            {
                return this with { Answer = other.Answer };
            }
        }
    }
}
