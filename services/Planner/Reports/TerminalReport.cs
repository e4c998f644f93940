using System.Globalization;
using System.Text;

namespace LamdAgent.Planner.Reports;

/// <summary>The report for a terminal: a table of base, plain SFT and best, and a sentence.</summary>
public static class TerminalReport
{
    /// <summary>Writes it; no colours, lines end with <c>\n</c>.</summary>
    public static string Write(SearchReport report)
    {
        var rows = new List<IReadOnlyList<string>> { (string[])["", "model", "split", "total", .. report.Tasks.Select(t => t.Id)] };
        Add("base", report.Base);
        if (report.PlainSft is not null)
        {
            Add("plain SFT", report.PlainSft);
        }

        if (report.Best is not null && report.Best.Model != report.Base.Model)
        {
            Add("best", report.Best);
        }

        var text = new StringBuilder();
        TextTable.Write(text, rows, leftColumns: 3);
        text.Append('\n').Append(MarkdownReport.Verdict(report).Replace("`", "", StringComparison.Ordinal).Replace("**", "", StringComparison.Ordinal)).Append('\n');
        var failed = report.Steps.Count(s => s.Score is null);
        text.Append(CultureInfo.InvariantCulture, $"{report.Steps.Count} steps{(failed > 0 ? $", {failed} without a score" : "")}, strategy {report.Strategy}, seed {report.Seed}. ± is one standard error.\n");
        if (report.Agent is { FallbackSteps: > 0 } agent)
        {
            text.Append(CultureInfo.InvariantCulture, $"The agent gave no action for {agent.FallbackSteps} steps; those were chosen at random.\n");
        }

        return text.ToString();

        void Add(string name, ReportModel model)
        {
            foreach (var (split, score) in new[] { ("validation", model.Validation), ("test", model.Test) })
            {
                var first = split == "validation";
                rows.Add((string[])[
                    first ? name : "", first ? model.Model : "", split, score is null ? "-" : Number(score.Score, score.Stderr),
                    .. report.Tasks.Select(t => score is null ? "-" : Number(score.Tasks[t.Id].Score, score.Tasks[t.Id].Stderr))]);
            }
        }
    }

    private static string Number(double score, double stderr) => string.Create(CultureInfo.InvariantCulture, $"{score:0.000} ± {stderr:0.000}");
}
