using System.Text.Json;

namespace LamdAgent.Modeling.Tests.Training;

/// <summary>A training's metrics.jsonl beside the log of the training that it must repeat.</summary>
internal static class MetricsCurve
{
    /// <summary>Line by line, every metric that the reference has.</summary>
    /// <param name="metricsFile">The metrics.jsonl.</param>
    /// <param name="reference">An object of metrics for each step.</param>
    /// <param name="tolerance">How far a metric may be off, by its name and expected value.</param>
    public static void ShouldFollow(string metricsFile, JsonElement reference, Func<string, double, double> tolerance)
    {
        var lines = File.ReadAllLines(metricsFile);
        lines.Length.ShouldBe(reference.GetArrayLength());
        for (var i = 0; i < lines.Length; i++)
        {
            var line = JsonDocument.Parse(lines[i]).RootElement;
            foreach (var metric in reference[i].EnumerateObject())
            {
                var expected = metric.Value.GetDouble();
                line.GetProperty(metric.Name).GetDouble().ShouldBe(expected, tolerance(metric.Name, expected), $"{metric.Name} of step {i + 1}");
            }
        }
    }
}
