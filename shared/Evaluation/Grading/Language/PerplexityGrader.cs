using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Domain;
using LamdAgent.Domain.Configuration;
using LamdAgent.Evaluation.Data;
using LamdAgent.Evaluation.Python;
using LamdAgent.Evaluation.Statistics;

namespace LamdAgent.Evaluation.Grading.Language;

/// <summary>
/// How surprised a model is by texts, as in lm-evaluation-harness: per word (pieces between white space; white space at an end adds an empty piece that
/// counts), per UTF-8 byte, and in bits per byte. Less is better. In a task each row is one text, at the path <c>text</c> (option, default <c>text</c>);
/// saved rows may hold several texts as <c>{"texts"}</c> and <c>{"loglikelihoods"}</c>.
/// </summary>
public sealed class PerplexityGrader : ILogLikelihoodGrader
{
    private readonly string _text = "text";

    /// <summary>Reads the options.</summary>
    public PerplexityGrader(ConfigMapping? options)
    {
        _text = options?.Optional("text")?.AsString() ?? _text;
        options?.RejectUnknownKeys();
    }

    /// <inheritdoc />
    public string Name => "perplexity";

    /// <inheritdoc />
    public IReadOnlyList<string> Metrics { get; } = ["word_perplexity", "byte_perplexity", "bits_per_byte"];

    /// <inheritdoc />
    public bool HigherIsBetter => false;

    /// <inheritdoc />
    public IReadOnlyList<LogLikelihoodRequest> Requests(JsonElement row, ModelPrompt prompt, string targetDelimiter) =>
        [new LogLikelihoodRequest(ModelPrompt.FromText(""), row.RequiredText(_text))];

    /// <inheritdoc />
    public JsonElement Response(JsonElement row, IReadOnlyList<LogLikelihood> scores) =>
        JsonSerializer.SerializeToElement(new { loglikelihoods = scores.Select(score => score.Sum) });

    /// <inheritdoc />
    public Verdict Grade(JsonElement item, JsonElement response)
    {
        var (texts, scores) = Read(item, response);
        var counts = texts.Select(Count).ToList();
        var values = Values(counts.Zip(scores, (count, score) => (count.Words, count.Bytes, score)));
        var fields = new JsonObject
        {
            ["counts"] = new JsonArray([.. counts.Select(count => (JsonNode)new JsonObject { ["words"] = count.Words, ["bytes"] = count.Bytes })]),
        };
        foreach (var (name, value) in Metrics.Zip(values))
        {
            fields[name] = value;
        }

        fields["perplexity_of_loglikelihood_task"] = Math.Exp(-StandardErrors.Mean(scores));
        return new Verdict(fields, Metrics.Zip(values).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal));
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, MetricValue> Aggregate(IReadOnlyList<GradedItem> items)
    {
        // Not the mean of the items' values: the whole data's log-likelihood over its whole length.
        var rows = items.Select(item =>
        {
            var (texts, scores) = Read(item.Item, item.Response);
            var counts = texts.Select(Count).ToList();
            return (Words: counts.Sum(count => count.Words), Bytes: counts.Sum(count => count.Bytes), Score: scores.Sum());
        }).ToList();
        var values = Values(rows);
        return Metrics.Select((name, k) => (name, Value: new MetricValue(
                values[k], Bootstrap.StandardError(rows.Count, indices => Values(indices.Select(i => rows[i]))[k], Bootstrap.Affordable(rows.Count)))))
            .ToDictionary(pair => pair.name, pair => pair.Value, StringComparer.Ordinal);
    }

    private (IReadOnlyList<string> Texts, double[] Scores) Read(JsonElement item, JsonElement response)
    {
        var texts = item.At("texts") is not null ? item.RequiredTexts("texts") : [item.RequiredText(_text)];
        var scores = response.RequiredNumbers("loglikelihoods");
        return texts.Count == scores.Length ? (texts, scores) : throw new InvalidInputException($"{scores.Length} log-likelihoods for {texts.Count} texts");
    }

    private static (int Words, int Bytes) Count(string text)
    {
        // re.split(r"\s+", text): one piece more than there are runs of white space.
        var runs = 0;
        for (var i = 0; i < text.Length; i++)
        {
            runs += PythonText.IsSpace(text[i]) && (i == 0 || !PythonText.IsSpace(text[i - 1])) ? 1 : 0;
        }

        return (runs + 1, Encoding.UTF8.GetByteCount(text));
    }

    private static double[] Values(IEnumerable<(int Words, int Bytes, double Score)> rows)
    {
        var (words, bytes, score) = (0L, 0L, 0.0);
        foreach (var row in rows)
        {
            (words, bytes, score) = (words + row.Words, bytes + row.Bytes, score + row.Score);
        }

        return [Math.Exp(-score / words), Math.Exp(-score / bytes), -score / bytes * (1 / Math.Log(2))];
    }
}
