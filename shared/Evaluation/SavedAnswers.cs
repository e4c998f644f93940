using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Domain;
using LamdAgent.Evaluation.Data;

namespace LamdAgent.Evaluation;

/// <summary>Grades answers that were saved earlier: rows <c>{"id", "item", "response"}</c> in, the same rows with <c>verdict</c> out.</summary>
public static class SavedAnswers
{
    /// <summary>Grades a file into another.</summary>
    /// <returns>Number of rows, and the metrics over them.</returns>
    /// <exception cref="InvalidInputException">A row cannot be graded; then nothing is written.</exception>
    public static (int Count, IReadOnlyDictionary<string, MetricValue> Metrics) Grade(IGrader grader, string input, string output)
    {
        var rows = JsonLines.Read(input);
        var graded = new GradedItem[rows.Count];
        var lines = new string[rows.Count];
        Parallel.For(0, rows.Count, i =>
        {
            var (item, line) = rows[i].Use(row => Grade(grader, row));
            graded[i] = item;
            lines[i] = line;
        });
        var folder = Path.GetDirectoryName(Path.GetFullPath(output))!;
        if (!Directory.Exists(folder))
        {
            throw new InvalidInputException(output, null, "its folder does not exist");
        }

        WholeFile.Write(output, new StringBuilder().AppendJoin('\n', lines).Append('\n').ToString());
        return (rows.Count, grader.Metrics.Count == 0 ? new Dictionary<string, MetricValue>() : grader.Aggregate(graded));
    }

    private static (GradedItem Item, string Line) Grade(IGrader grader, JsonElement row)
    {
        var item = row.Required("item");
        var response = row.TryGetProperty("response", out var given) ? given : default;
        var verdict = grader.Grade(item, response);
        var node = JsonObject.Create(row)!;
        node["verdict"] = verdict.Fields?.DeepClone();
        return (new GradedItem(item, response, verdict), node.ToJsonString(JsonText.Line));
    }
}
