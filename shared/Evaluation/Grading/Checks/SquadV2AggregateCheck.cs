using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Domain;
using LamdAgent.Evaluation.Data;
using LamdAgent.Evaluation.Grading.Questions;
using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.Checks;

/// <summary>
/// Checks SQuAD 2's metrics over a set of rows: percentages, the split by whether there is an answer, and the best threshold of the no-answer
/// probability. The item is the list of rows (<c>{"golds"}</c>), the response the list of <c>{"text", "no_answer_probability"}</c>.
/// </summary>
public sealed class SquadV2AggregateCheck : IGrader
{
    // Above it an answer counts as "no answer"; the script's default, which no probability exceeds.
    private const double NoAnswerThreshold = 1.0;

    /// <inheritdoc />
    public string Name => "squad_v2_aggregate";

    /// <inheritdoc />
    public IReadOnlyList<string> Metrics => [];

    /// <inheritdoc />
    public Verdict Grade(JsonElement item, JsonElement response)
    {
        if (item.ValueKind != JsonValueKind.Array || response.ValueKind != JsonValueKind.Array || item.GetArrayLength() != response.GetArrayLength() || item.GetArrayLength() == 0)
        {
            throw new InvalidInputException("'item' and 'response' must be lists of the same length");
        }

        var rows = item.EnumerateArray().Zip(response.EnumerateArray(), Read).ToList();
        var fields = new JsonObject();
        Add(fields, "", rows);
        Add(fields, "HasAns_", rows.FindAll(row => row.HasAnswer));
        Add(fields, "NoAns_", rows.FindAll(row => !row.HasAnswer));
        (fields["best_exact"], fields["best_exact_thresh"]) = Best(rows, row => row.Exact);
        (fields["best_f1"], fields["best_f1_thresh"]) = Best(rows, row => row.F1);
        return Verdict.Only(fields);
    }

    private static Row Read(JsonElement item, JsonElement response)
    {
        var golds = SquadAnswers.Golds(item, "golds");
        var text = response.RequiredText("text");
        var version2 = SquadAnswers.Version2(golds);
        return new Row(golds.Count > 0, text.Length > 0, response.Required("no_answer_probability").GetDouble(),
            version2.Max(gold => SquadAnswers.Exact(gold, text)), version2.Max(gold => SquadAnswers.F1Version2(gold, text)));
    }

    private static void Add(JsonObject fields, string prefix, List<Row> rows)
    {
        if (rows.Count > 0)
        {
            fields[prefix + "exact"] = 100.0 * PythonMath.Sum(rows.Select(row => Thresholded(row, row.Exact))) / rows.Count;
            fields[prefix + "f1"] = 100.0 * PythonMath.Sum(rows.Select(row => Thresholded(row, row.F1))) / rows.Count;
            fields[prefix + "total"] = rows.Count;
        }
    }

    private static double Thresholded(Row row, double score) => row.NoAnswerProbability <= NoAnswerThreshold ? score : row.HasAnswer ? 0 : 1;

    private static (double Score, double Threshold) Best(List<Row> rows, Func<Row, double> score)
    {
        // Starting with "no answer" everywhere, rows are answered one after the other, the surest first.
        double current = rows.Count(row => !row.HasAnswer);
        var (best, threshold) = (current, 0.0);
        foreach (var row in rows.OrderBy(row => row.NoAnswerProbability))
        {
            current += row.HasAnswer ? score(row) : row.Answered ? -1 : 0;
            if (current > best)
            {
                (best, threshold) = (current, row.NoAnswerProbability);
            }
        }

        return (100.0 * best / rows.Count, threshold);
    }

    private sealed record Row(bool HasAnswer, bool Answered, double NoAnswerProbability, double Exact, double F1);
}
