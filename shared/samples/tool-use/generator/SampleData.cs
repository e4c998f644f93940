using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LamdAgent.Samples.ToolUse;

/// <summary>
/// Everything the sample is made of, from one seed. <see cref="Committed"/> holds the files that are kept in the repository,
/// <see cref="Pretraining"/> those that are only needed to make the base model again.
/// </summary>
public sealed class SampleData
{
    /// <summary>The seed of the committed files.</summary>
    public const long DefaultSeed = 20251;

    private const int VocabularySize = 768;
    private const int TrainingRows = 1200;
    private const int ValidationItems = 120;
    private const int TestItems = 180;
    private const int PretrainingRows = 100_000;
    private const double InstructionShare = 0.5;
    private const double SpoiledShare = 0.75;

    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions Indented = new(Compact) { WriteIndented = true, NewLine = "\n" };

    private readonly long _seed;
    private readonly Lexicon _lexicon;
    private readonly Dictionary<string, bool> _accepted = new(StringComparer.Ordinal);
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <summary>Learns the tokenizer; everything else is made when asked for.</summary>
    public SampleData(long seed = DefaultSeed)
    {
        _seed = seed;
        Encoding = LearnTokenizer(seed);
        _lexicon = new Lexicon(KeepsItsSyllables);
    }

    /// <summary>The tokenizer's merges.</summary>
    public BytePairEncoding Encoding { get; }

    /// <summary>The files of the repository by path below the sample's folder.</summary>
    public IReadOnlyDictionary<string, byte[]> Committed()
    {
        _seen.Clear();
        return new SortedDictionary<string, byte[]>(StringComparer.Ordinal)
        {
            ["base/tokenizer.json"] = Json(TokenizerFiles.Tokenizer(Encoding)),
            ["base/tokenizer_config.json"] = Json(TokenizerFiles.Configuration(Encoding)),
            ["base/config.json"] = Json(BaseModel.Configuration(Encoding)),
            ["base/generation_config.json"] = Json(BaseModel.GenerationConfiguration(Encoding)),
            ["data/validation/tool-use.jsonl"] = Lines(Requests("validation", DataSplit.Validation, ValidationItems).Select((r, i) => DataRows.Item(r, $"tool-use-validation-{i:D3}"))),
            ["data/validation/instructions.jsonl"] = Lines(Instructions("validation", DataSplit.Validation, ValidationItems).Select((r, i) => DataRows.Item(r, $"instructions-validation-{i:D3}"))),
            ["data/test/tool-use.jsonl"] = Lines(Requests("test", DataSplit.Test, TestItems).Select((r, i) => DataRows.Item(r, $"tool-use-test-{i:D3}"))),
            ["data/test/instructions.jsonl"] = Lines(Instructions("test", DataSplit.Test, TestItems).Select((r, i) => DataRows.Item(r, $"instructions-test-{i:D3}"))),
            ["data/train/tool-calls.jsonl"] = Lines(Requests("tool-calls", DataSplit.Train, TrainingRows).Select(DataRows.Training)),
            ["data/train/instructions.jsonl"] = Lines(Instructions("instructions", DataSplit.Train, TrainingRows).Select(DataRows.Training)),
            ["data/train/mixed.jsonl"] = Lines(Mixed("mixed", spoiledShare: 0)),
            ["data/train/noisy.jsonl"] = Lines(Mixed("noisy", SpoiledShare)),
        };
    }

    /// <summary>The text the base model is trained on, instructions and documents: `prompt`/`completion` rows.</summary>
    public byte[] Pretraining()
    {
        var random = new SeededRandom(_seed, "pretraining");
        return Lines(Enumerable.Range(0, PretrainingRows).Select(_ =>
        {
            var (given, learned) = PretrainingRow(random);
            return new JsonObject { ["prompt"] = given, ["completion"] = learned };
        }));
    }

    private (string Given, string Learned) PretrainingRow(SeededRandom random)
    {
        if (random.Chance(1 - InstructionShare))
        {
            return PretrainingText.Document(random, _lexicon) is var (given, learned) ? (given, learned + ChatFormat.TurnEnd) : default;
        }

        var instruction = Instruction.Make(random, _lexicon, DataSplit.Train);
        return (ChatFormat.Render(instruction), instruction.Answer + ChatFormat.TurnEnd);
    }

    private IEnumerable<JsonObject> Mixed(string set, double spoiledShare)
    {
        var random = new SeededRandom(_seed, $"{set} order");
        var tools = Requests(set, DataSplit.Train, TrainingRows / 2)
            .Select(r => DataRows.Training(random.Chance(spoiledShare) ? r.Spoiled(random, _lexicon, DataSplit.Train) : r));
        var instructions = Instructions(set, DataSplit.Train, TrainingRows / 2)
            .Select(r => DataRows.Training(random.Chance(spoiledShare) ? r.Spoiled(random, _lexicon, DataSplit.Train) : r));
        List<JsonObject> rows = [.. tools, .. instructions];
        return random.Shuffled(rows);
    }

    private List<ToolRequest> Requests(string set, DataSplit split, int count)
    {
        var random = new SeededRandom(_seed, $"{set} tool calls");
        return Distinct(count, () => ToolRequest.Make(random, _lexicon, split), r => r.Prompt);
    }

    private List<Instruction> Instructions(string set, DataSplit split, int count)
    {
        var random = new SeededRandom(_seed, $"{set} instructions");
        return Distinct(count, () => Instruction.Make(random, _lexicon, split, withNewPhrasings: true), r => r.Prompt);
    }

    /// <summary>No prompt occurs twice, in whatever set.</summary>
    private List<T> Distinct<T>(int count, Func<T> make, Func<T, string> prompt)
    {
        var made = new List<T>(count);
        while (made.Count < count)
        {
            var next = make();
            if (_seen.Add(prompt(next)))
            {
                made.Add(next);
            }
        }

        return made;
    }

    private bool KeepsItsSyllables(string word)
    {
        if (!_accepted.TryGetValue(word, out var accepted))
        {
            _accepted[word] = accepted = HasSameTokensEverywhere(word);
        }

        return accepted;
    }

    private bool HasSameTokensEverywhere(string word) =>
        Encoding.Encode(word).All(t => t.Length == 2)
        && Encoding.Encode($" {word}").SequenceEqual(["Ġ", .. Encoding.Encode(word)])
        && Encoding.Encode($"\"{word.ToUpperInvariant()}").Skip(1).All(t => t.Length == 2);

    private static BytePairEncoding LearnTokenizer(long seed)
    {
        var random = new SeededRandom(seed, "tokenizer");
        var anyWord = new Lexicon(_ => true);
        var texts = Enumerable.Range(0, 2000).SelectMany(_ =>
        {
            var instruction = Instruction.Make(random, anyWord, DataSplit.Train);
            var request = ToolRequest.Make(random, anyWord, DataSplit.Train);
            var (given, learned) = PretrainingText.Document(random, anyWord);
            return new[]
            {
                "user\n", instruction.Prompt, "assistant\n", instruction.Answer, "system\n", ChatFormat.Render(request).Split('\n')[1].Replace(ChatFormat.TurnEnd, "", StringComparison.Ordinal),
                request.Prompt, ChatFormat.RenderCall(request)[ChatFormat.CallStart.Length..^ChatFormat.CallEnd.Length], given + learned,
            };
        });
        string[] syllables = [.. Lexicon.Syllables, .. Lexicon.Syllables.Select(s => s.ToUpperInvariant())];
        return BytePairEncoding.Learn(texts, syllables, TokenizerFiles.MergeCountFor(VocabularySize));
    }

    private static byte[] Json(JsonObject value) => System.Text.Encoding.UTF8.GetBytes(value.ToJsonString(Indented) + "\n");

    private static byte[] Lines(IEnumerable<JsonObject> rows)
    {
        var text = new StringBuilder();
        foreach (var row in rows)
        {
            text.Append(row.ToJsonString(Compact)).Append('\n');
        }

        return System.Text.Encoding.UTF8.GetBytes(text.ToString());
    }
}
