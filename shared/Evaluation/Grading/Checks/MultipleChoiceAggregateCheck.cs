using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Domain;
using LamdAgent.Evaluation.Data;
using LamdAgent.Evaluation.Grading.MultipleChoice;

namespace LamdAgent.Evaluation.Grading.Checks;

/// <summary>Checks the metrics over a set of multiple-choice items: <c>{"golds"}</c> and <c>{"loglikelihoods": [[...]]}</c> to accuracy, its error, Brier score, and for two choices F1 and MCC.</summary>
public sealed class MultipleChoiceAggregateCheck : IGrader
{
    /// <inheritdoc />
    public string Name => "multiple_choice_aggregate";

    /// <inheritdoc />
    public IReadOnlyList<string> Metrics => [];

    /// <inheritdoc />
    public Verdict Grade(JsonElement item, JsonElement response)
    {
        var golds = item.RequiredNumbers("golds").Select(gold => (int)gold).ToList();
        var scores = response.RequiredList("loglikelihoods").Select(row => JsonFields.Numbers(row.EnumerateArray(), "loglikelihoods")).ToList();
        if (golds.Count != scores.Count || golds.Count == 0)
        {
            throw new InvalidInputException($"{golds.Count} golds for {scores.Count} rows of log-likelihoods");
        }

        var predictions = scores.Select(row => Array.IndexOf(row, row.Max())).ToList();
        var accuracy = MetricMeans.Of([.. golds.Zip(predictions, (gold, predicted) => gold == predicted ? 1.0 : 0.0)]);
        var fields = new JsonObject
        {
            ["acc"] = accuracy.Value,
            ["acc_stderr"] = accuracy.StandardError,
            ["brier_score"] = golds.Zip(scores, (gold, row) => ChoiceMetrics.Brier(ChoiceMetrics.Softmax(row), gold)).Average(),
        };
        if (scores.TrueForAll(row => row.Length == 2))
        {
            fields["f1"] = ChoiceMetrics.F1(golds.Zip(predictions));
            fields["mcc"] = ChoiceMetrics.Matthews(golds.Zip(predictions));
        }

        return Verdict.Only(fields);
    }
}
