using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Domain;
using LamdAgent.Domain.Configuration;
using LamdAgent.Evaluation.Data;
using LamdAgent.Evaluation.Statistics;

namespace LamdAgent.Evaluation.Grading.Overlap;

/// <summary>
/// How much of a reference text an answer shares: BLEU, chrF2 and TER over the whole data (0 to 100, as sacreBLEU), and ROUGE F1 as means (0 to 1).
/// Option: <c>target</c> (path of the reference, or of several, default <c>reference</c>; ROUGE takes the best of several). Saved rows may be whole
/// corpora: <c>{"references": [...]}</c> with a list of answers.
/// </summary>
public sealed class TextOverlapGrader : IGrader
{
    private readonly string _target;

    /// <summary>Reads the options.</summary>
    public TextOverlapGrader(ConfigMapping? options)
    {
        _target = options?.Optional("target")?.AsString() ?? "reference";
        options?.RejectUnknownKeys();
    }

    /// <inheritdoc />
    public string Name => "text_overlap";

    /// <inheritdoc />
    public IReadOnlyList<string> Metrics { get; } = ["bleu", "chrf", "ter", "rouge1", "rouge2", "rougeL", "rougeLsum"];

    /// <inheritdoc />
    public Verdict Grade(JsonElement item, JsonElement response)
    {
        if (response.ValueKind == JsonValueKind.Array)
        {
            return Verdict.Only(Corpus(item, response));
        }

        var answer = JsonFields.ResponseText(response);
        var references = item.RequiredTexts(_target);
        var reference = references[0];
        var fields = new JsonObject
        {
            ["bleu"] = Bleu.Score(Bleu.Statistics(answer, references)),
            ["bleu_effective_order"] = Bleu.Score(Bleu.Statistics(answer, references), effectiveOrder: true),
            ["bleu_tokenize_intl"] = Bleu.Score(Bleu.Statistics(answer, references, international: true)),
            ["chrf"] = Chrf.Score(Chrf.Statistics(answer, references)),
            ["chrf_pp"] = Chrf.Score(Chrf.Statistics(answer, references, wordOrders: 2)),
            ["ter"] = Ter.Score(Ter.Statistics(answer, references)),
            ["rouge"] = new JsonObject(RougeOf(reference, answer).Select(pair => KeyValuePair.Create(
                pair.Key, (JsonNode?)new JsonObject { ["precision"] = pair.Value.Precision, ["recall"] = pair.Value.Recall, ["f"] = pair.Value.F }))),
            ["rouge_stemmed"] = new JsonObject
            {
                ["rouge1"] = Rouge.Ngrams(reference, answer, 1, stem: true).F,
                ["rouge2"] = Rouge.Ngrams(reference, answer, 2, stem: true).F,
                ["rougeL"] = Rouge.LongestCommon(reference, answer, stem: true).F,
            },
            ["rouge_truthfulqa"] = TruthfulQa(reference, answer),
        };
        var metrics = references.Select(one => RougeOf(one, answer)).SelectMany(scores => scores).GroupBy(pair => pair.Key, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.Max(pair => pair.Value.F), StringComparer.Ordinal);
        return new Verdict(fields, metrics);
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, MetricValue> Aggregate(IReadOnlyList<GradedItem> items)
    {
        var result = new Dictionary<string, MetricValue>(MetricMeans.Of(Metrics, items), StringComparer.Ordinal);
        var rows = items.Where(item => item.Response.ValueKind == JsonValueKind.String)
            .Select(item => (Answer: item.Response.GetString()!, References: item.Item.RequiredTexts(_target))).ToList();
        if (rows.Count == 0)
        {
            return result;
        }

        foreach (var (name, statistics, score) in new (string, Func<string, IReadOnlyList<string>, double[]>, Func<double[], double>)[]
        {
            ("bleu", (answer, references) => Bleu.Statistics(answer, references), statistics => Bleu.Score(statistics)),
            ("chrf", (answer, references) => Chrf.Statistics(answer, references), Chrf.Score),
            ("ter", Ter.Statistics, Ter.Score),
        })
        {
            var segments = rows.ConvertAll(row => statistics(row.Answer, row.References));
            var error = Bootstrap.StandardError(rows.Count, indices => score(Sum(indices.Select(i => segments[i]))), Bootstrap.Affordable(rows.Count * segments[0].Length));
            result[name] = new MetricValue(score(Sum(segments)), error);
        }

        return result;
    }

    private static JsonObject Corpus(JsonElement item, JsonElement response)
    {
        var references = item.RequiredList("references").Select(one => JsonSerializer.SerializeToElement(new { one }).RequiredTexts("one")).ToList();
        var answers = response.EnumerateArray().Select(JsonFields.ResponseText).ToList();
        if (answers.Count != references.Count || answers.Count == 0)
        {
            throw new InvalidInputException($"{answers.Count} answers for {references.Count} references");
        }

        return new JsonObject
        {
            ["bleu"] = Bleu.Score(Sum(answers.Zip(references, (answer, own) => Bleu.Statistics(answer, own)))),
            ["chrf"] = Chrf.Score(Sum(answers.Zip(references, (answer, own) => Chrf.Statistics(answer, own)))),
            ["ter"] = Ter.Score(Sum(answers.Zip(references, Ter.Statistics))),
        };
    }

    private static Dictionary<string, RougeScore> RougeOf(string reference, string answer) => new(StringComparer.Ordinal)
    {
        ["rouge1"] = Rouge.Ngrams(reference, answer, 1),
        ["rouge2"] = Rouge.Ngrams(reference, answer, 2),
        ["rougeL"] = Rouge.LongestCommon(reference, answer),
        ["rougeLsum"] = Rouge.SummaryLongestCommon(reference, answer),
    };

    // TruthfulQA's task puts sentences on lines of their own, and reports percent.
    private static JsonObject TruthfulQa(string reference, string answer)
    {
        reference = reference.Replace(" . ", ".\n", StringComparison.Ordinal);
        answer = answer.Replace(" . ", ".\n", StringComparison.Ordinal);
        return new JsonObject
        {
            ["rouge1"] = Rouge.Ngrams(reference, answer, 1).F * 100,
            ["rouge2"] = Rouge.Ngrams(reference, answer, 2).F * 100,
            ["rougeLsum"] = Rouge.SummaryLongestCommon(reference, answer).F * 100,
        };
    }

    private static double[] Sum(IEnumerable<double[]> statistics)
    {
        double[]? sum = null;
        foreach (var one in statistics)
        {
            sum ??= new double[one.Length];
            for (var i = 0; i < one.Length; i++)
            {
                sum[i] += one[i];
            }
        }

        return sum!;
    }
}
