using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Domain;
using LamdAgent.Domain.Configuration;
using LamdAgent.Evaluation.Data;
using LamdAgent.Evaluation.Python;
using LamdAgent.Evaluation.Statistics;

namespace LamdAgent.Evaluation.Grading.MultipleChoice;

/// <summary>
/// Multiple choice by log-likelihood as lm-evaluation-harness does it (<c>ConfigurableTask.process_results</c>): the most probable continuation is the
/// answer, the first of equals wins; <c>acc_norm</c> divides by the characters of the choice, <c>acc_bytes</c> by its bytes, <c>acc_mutual_info</c>
/// subtracts the log-likelihood without the context. Options: <c>choices</c> (path of the texts to continue with, default <c>choices</c>), <c>gold</c>
/// (path of an index, a list of indices, or one of the choices; default <c>gold</c>), <c>gold_labels</c> (path of labels, where the gold is a label
/// and the choices are other texts), <c>mutual_information</c> (default false).
/// </summary>
public sealed class MultipleChoiceGrader : ILogLikelihoodGrader
{
    private readonly string _choices = "choices";
    private readonly string _gold = "gold";
    private readonly string? _goldLabels;
    private readonly bool _mutualInformation;

    /// <summary>Reads the options.</summary>
    public MultipleChoiceGrader(ConfigMapping? options)
    {
        if (options is not null)
        {
            _choices = options.Optional("choices")?.AsString() ?? _choices;
            _gold = options.Optional("gold")?.AsString() ?? _gold;
            _goldLabels = options.Optional("gold_labels")?.AsString();
            _mutualInformation = options.Optional("mutual_information")?.AsBool() ?? false;
            options.RejectUnknownKeys();
        }
    }

    /// <inheritdoc />
    public string Name => "multiple_choice";

    /// <inheritdoc />
    public IReadOnlyList<string> Metrics { get; } = ["acc", "acc_norm", "acc_bytes", "exact_match", "acc_mutual_info", "brier_score", "f1", "mcc"];

    /// <inheritdoc />
    public IReadOnlyList<LogLikelihoodRequest> Requests(JsonElement row, ModelPrompt prompt, string targetDelimiter)
    {
        var choices = row.RequiredTexts(_choices);
        IEnumerable<LogLikelihoodRequest> requests = choices.Select(choice => new LogLikelihoodRequest(prompt, targetDelimiter + choice));
        return _mutualInformation
            ? [.. requests, .. choices.Select(choice => new LogLikelihoodRequest(ModelPrompt.FromText(""), targetDelimiter + choice))]
            : [.. requests];
    }

    /// <inheritdoc />
    public JsonElement Response(JsonElement row, IReadOnlyList<LogLikelihood> scores)
    {
        var count = _mutualInformation ? scores.Count / 2 : scores.Count;
        return _mutualInformation
            ? JsonSerializer.SerializeToElement(new
            {
                loglikelihoods = scores.Take(count).Select(score => score.Sum),
                unconditional_loglikelihoods = scores.Skip(count).Select(score => score.Sum),
            })
            : JsonSerializer.SerializeToElement(new { loglikelihoods = scores.Select(score => score.Sum), is_greedy = scores.Select(score => score.IsGreedy) });
    }

    /// <inheritdoc />
    public Verdict Grade(JsonElement item, JsonElement response)
    {
        if (response.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidInputException("'response' must be an object with 'loglikelihoods'");
        }

        var choices = item.RequiredTexts(_choices);
        var scores = response.RequiredNumbers("loglikelihoods");
        if (scores.Length != choices.Count)
        {
            throw new InvalidInputException($"{scores.Length} log-likelihoods for {choices.Count} choices");
        }

        var (golds, single) = Golds(item, choices);
        var pred = ArgMax(scores);
        var predNorm = ArgMax([.. scores.Zip(choices, (score, choice) => score / PythonText.Length(choice))]);
        var predBytes = ArgMax([.. scores.Zip(choices, (score, choice) => score / Encoding.UTF8.GetByteCount(choice))]);
        var fields = new JsonObject { ["acc"] = Right(golds, pred), ["acc_norm"] = Right(golds, predNorm) };
        if (response.At("unconditional_loglikelihoods") is not null)
        {
            var unconditional = response.RequiredNumbers("unconditional_loglikelihoods");
            if (unconditional.Length != scores.Length)
            {
                throw new InvalidInputException($"{unconditional.Length} unconditional log-likelihoods for {choices.Count} choices");
            }

            fields["acc_mutual_info"] = Right(golds, ArgMax([.. scores.Zip(unconditional, (with, without) => with - without)]));
            return new Verdict(fields, fields.ToDictionary(pair => pair.Key, pair => pair.Value!.GetValue<double>(), StringComparer.Ordinal));
        }

        var greedy = response.RequiredList("is_greedy");
        fields["acc_bytes"] = Right(golds, predBytes);
        fields["exact_match"] = golds.Exists(gold => At(greedy, gold) is { ValueKind: JsonValueKind.True }) ? 1.0 : 0.0;
        var metrics = fields.ToDictionary(pair => pair.Key, pair => pair.Value!.GetValue<double>(), StringComparer.Ordinal);
        (fields["pred"], fields["pred_norm"], fields["pred_bytes"]) = (pred, predNorm, predBytes);
        if (single)
        {
            var probabilities = ChoiceMetrics.Softmax(scores);
            fields["normalised_probabilities"] = new JsonArray([.. probabilities.Select(value => (JsonNode)value)]);
            if (golds[0] >= 0 && golds[0] < choices.Count)
            {
                metrics["brier_score"] = ChoiceMetrics.Brier(probabilities, golds[0]);
            }
        }

        return new Verdict(fields, metrics);
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, MetricValue> Aggregate(IReadOnlyList<GradedItem> items)
    {
        var result = new Dictionary<string, MetricValue>(MetricMeans.Of(Metrics, items), StringComparer.Ordinal);
        var pairs = items.Select(item => Golds(item.Item, item.Item.RequiredTexts(_choices)) is (var golds, true) && item.Item.RequiredTexts(_choices).Count == 2
            ? (Gold: golds[0], Predicted: ArgMax(item.Response.RequiredNumbers("loglikelihoods")))
            : (Gold: -1, Predicted: -1)).ToList();
        if (pairs.TrueForAll(pair => pair.Gold is 0 or 1))
        {
            foreach (var (name, metric) in new (string, Func<IEnumerable<(int, int)>, double>)[] { ("f1", ChoiceMetrics.F1), ("mcc", ChoiceMetrics.Matthews) })
            {
                result[name] = new MetricValue(metric(pairs), Bootstrap.StandardError(pairs.Count, indices => metric(indices.Select(i => pairs[i])), Bootstrap.Affordable(pairs.Count)));
            }
        }

        return result;
    }

    private (List<int> Golds, bool Single) Golds(JsonElement item, IReadOnlyList<string> choices)
    {
        var gold = item.Required(_gold);
        var names = _goldLabels is null ? choices : item.RequiredTexts(_goldLabels);
        switch (gold.ValueKind)
        {
            case JsonValueKind.Number when gold.TryGetInt32(out var index):
                return ([index], true);
            case JsonValueKind.String:
                // Data sets keep indices as text, too; a text that is a choice or a label is meant as such.
                var text = gold.GetString()!;
                var position = names.ToList().IndexOf(text);
                return ([position >= 0 || !int.TryParse(text, out var parsed) ? position : parsed], true);
            case JsonValueKind.Array:
                var golds = gold.EnumerateArray().Select(one => one.ValueKind == JsonValueKind.Number && one.TryGetInt32(out var i)
                    ? i : throw new InvalidInputException($"'{_gold}' must hold indices")).ToList();
                return golds.Count > 0 ? (golds, false) : throw new InvalidInputException($"'{_gold}' is empty");
            default:
                throw new InvalidInputException($"'{_gold}' is {JsonFields.Kind(gold)}, expected an index, a list of indices or one of the choices");
        }
    }

    private static double Right(List<int> golds, int prediction) => golds.Contains(prediction) ? 1 : 0;

    private static JsonElement? At(IReadOnlyList<JsonElement> list, int index) => index >= 0 && index < list.Count ? list[index] : null;

    private static int ArgMax(double[] values)
    {
        var best = 0;
        for (var i = 1; i < values.Length; i++)
        {
            best = values[i] > values[best] ? i : best;
        }

        return best;
    }
}
