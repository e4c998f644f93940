using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Evaluation.Data;
using LamdAgent.TestKit;

namespace LamdAgent.Evaluation.Tests.Support;

/// <summary>Compares a grader with the reference verdicts in tests/golden/graders.</summary>
internal static class GoldenRows
{
    public static IReadOnlyList<JsonRow> Read(string file) => JsonLines.Read(Repository.Golden("graders", file));

    /// <summary>Every row of the file must get the fields and values that the reference gives.</summary>
    public static void ShouldAgree(IGrader grader, string file, double tolerance = 0, Func<JsonElement, bool>? only = null)
    {
        var wrong = new List<string>();
        var count = 0;
        foreach (var row in Read(file))
        {
            if (only is not null && !only(row.Value))
            {
                continue;
            }

            count++;
            var expected = JsonNode.Parse(row.Value.GetProperty("expected").GetRawText());
            var verdict = row.Use(value => grader.Grade(value.GetProperty("item"), value.TryGetProperty("response", out var r) ? r : default)).Fields;
            if (!Same(expected, verdict is null ? null : JsonNode.Parse(verdict.ToJsonString()), tolerance))
            {
                wrong.Add($"{row.Value.GetProperty("id")}: expected {expected?.ToJsonString(JsonText.Line)}, got {verdict?.ToJsonString(JsonText.Line)}; "
                    + $"row {row.Value.GetRawText()[..System.Math.Min(600, row.Value.GetRawText().Length)]}");
            }
        }

        count.ShouldBeGreaterThan(0);
        wrong.ShouldBeEmpty($"{wrong.Count} of {count} rows differ");
    }

    public static bool Same(JsonNode? expected, JsonNode? actual, double tolerance)
    {
        switch (expected, actual)
        {
            case (null, null):
                return true;
            case (JsonObject a, JsonObject b):
                return a.Count == b.Count && a.All(pair => b.ContainsKey(pair.Key) && Same(pair.Value, b[pair.Key], tolerance));
            case (JsonArray a, JsonArray b):
                return a.Count == b.Count && a.Zip(b).All(pair => Same(pair.First, pair.Second, tolerance));
            case (JsonValue a, JsonValue b):
                return a.GetValueKind() == JsonValueKind.Number && b.GetValueKind() == JsonValueKind.Number
                    ? Near(a.GetValue<double>(), b.GetValue<double>(), tolerance)
                    : JsonNode.DeepEquals(a, b);
            default:
                return false;
        }
    }

    private static bool Near(double a, double b, double tolerance) => a == b || System.Math.Abs(a - b) <= tolerance * System.Math.Max(1e-300, System.Math.Abs(a));
}
