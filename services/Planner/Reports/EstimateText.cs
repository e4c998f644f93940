using System.Globalization;
using System.Text;
using LamdAgent.Planner.Estimates;

namespace LamdAgent.Planner.Reports;

/// <summary>The estimate of a dry run for a terminal.</summary>
public static class EstimateText
{
    /// <summary>Writes it; lines end with <c>\n</c>.</summary>
    public static string Write(SearchEstimate estimate)
    {
        var text = new StringBuilder("Action space\n");
        var rows = new List<IReadOnlyList<string>> { (string[])["  type", "hyper-parameters", "datasets", "at the start", "at the end"] };
        rows.AddRange(estimate.Actions.Select(a => (IReadOnlyList<string>)[
            "  " + a.Type, Count(a.ParameterSets), a.Datasets == 0 ? "-" : Count(a.Datasets), Count(a.AtStart), "<= " + Count(a.AtEnd)]));
        rows.Add((string[])["  all", "", "", Count(estimate.Actions.Sum(a => a.AtStart)), "<= " + Count(estimate.Actions.Sum(a => a.AtEnd))]);
        TextTable.Write(text, rows, leftColumns: 1);
        text.Append("\nEstimates\n");
        TextTable.Write(text, [
            ["  steps", Count(estimate.Steps)],
            ["  model", $"{Count(estimate.ModelParameters)} parameters, {Bytes(estimate.ModelBytes)}"],
            ["  memory", $"{Bytes(estimate.TrainingMemoryBytes)} for the largest training, {Bytes(estimate.MemoryAvailableBytes)} there"],
            ["  disk", $"{Bytes(estimate.DiskBytes)} for all models{(estimate.DiskFreeBytes is { } free ? $", {Bytes(free)} free" : "")}"],
            ["  tokens", $"{Count(estimate.TrainingTokens)} trained, at most {Count(estimate.EvaluationTokens)} generated{(estimate.LlmTokens > 0 ? $", about {Count(estimate.LlmTokens)} of the agent" : "")}"],
            ["  time", $"{Time(estimate.Seconds)} (rough)"],
        ], leftColumns: 2);
        foreach (var problem in estimate.Problems)
        {
            text.Append("\nDoes not fit: ").Append(problem).Append('\n');
        }

        return text.ToString();
    }

    private static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Bytes(long bytes) => bytes switch
    {
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.0} GB"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0} kB"),
    };

    private static string Time(double seconds) => seconds switch
    {
        >= 5400 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0.0} h"),
        >= 90 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, seconds):0} s"),
    };
}
