using LamdAgent.Domain.Scores;
using LamdAgent.Planner.Reports;

namespace LamdAgent.Standalone.Runs;

/// <summary>The report on the terminal: base, plain SFT and best, task by task, on both splits.</summary>
internal static class ReportTable
{
    public static void Print(SearchReport report, RunFolder run)
    {
        var columns = new List<(string Name, ReportModel Model)> { ($"base {report.Base.Model}", report.Base) };
        if (report.PlainSft is not null)
        {
            columns.Add(("plain SFT on all", report.PlainSft));
        }

        if (report.Best is not null)
        {
            columns.Add(($"best {report.Best.Model}", report.Best));
        }

        Console.WriteLine();
        Split("test (read once, at the end)", columns, model => model.Test, report);
        Split("validation (steered the search)", columns, model => model.Validation, report);
        Console.WriteLine(MarkdownReport.Verdict(report).Replace("**", "", StringComparison.Ordinal).Replace("`", "", StringComparison.Ordinal));
        if (report.Best is not null)
        {
            Console.WriteLine();
            foreach (var node in report.Lineage.Where(node => node.Action is not null))
            {
                Console.WriteLine($"  {node.Model} = {node.Action} of {string.Join(", ", node.Parents)}{(node.Datasets.Count > 0 ? $" on {string.Join(", ", node.Datasets)}" : "")}");
            }

            Console.WriteLine($"\nbest model  {run.DisplayPath}/best\nits recipe  {run.DisplayPath}/pipeline.yaml");
        }

        Console.WriteLine($"report      {run.DisplayPath}/report.md");
    }

    private static void Split(string title, IReadOnlyList<(string Name, ReportModel Model)> columns, Func<ReportModel, ReportScore?> scores, SearchReport report)
    {
        if (columns.All(column => scores(column.Model) is null))
        {
            return;
        }

        Console.WriteLine($"{title,-34}{string.Concat(columns.Select(column => $"{column.Name,20}"))}");
        foreach (var task in report.Tasks)
        {
            Console.WriteLine($"  {task.Id,-32}{string.Concat(columns.Select(column => $"{Text(scores(column.Model)?.Tasks.GetValueOrDefault(task.Id) is { } s ? (s.Score, s.Stderr) : null),20}"))}");
        }

        Console.WriteLine($"  {"total",-32}{string.Concat(columns.Select(column => $"{Text(scores(column.Model) is { } s ? (s.Score, s.Stderr) : null),20}"))}\n");
    }

    private static string Text((double Score, double? Error)? score) =>
        score is { } s ? ScoreText.Of(s.Score, s.Error) : "-";
}
