using System.Globalization;
using System.Text;
using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Planner.Reports;

/// <summary>The report as Markdown, for people: what was gained, how sure it is, and how to make the model again.</summary>
public static class MarkdownReport
{
    /// <summary>Writes it.</summary>
    /// <param name="report">The report.</param>
    /// <param name="curveFile">Name of the picture beside it (<see cref="ScoreCurve"/>).</param>
    /// <param name="pipelineFile">Name of the pipeline file beside it.</param>
    public static string Write(SearchReport report, string curveFile = "score-curve.svg", string pipelineFile = "pipeline.yaml")
    {
        var md = new StringBuilder();
        Line($"# {report.Run}");
        Line("");
        foreach (var line in report.Goal.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            Line($"> {Plain(line)}");
        }

        Line("");
        Line(Verdict(report));
        Line("");
        Results(report, Line);
        Line($"![validation score by step]({curveFile})");
        Line("");
        Pipeline(report, Line, pipelineFile);
        Steps(report, Line);
        Notes(report, Line);
        return md.ToString();

        void Line(string text) => md.Append(text).Append('\n');
    }

    /// <summary>One or two sentences: what the search gave.</summary>
    public static string Verdict(SearchReport report)
    {
        if (report.Best is null || report.Base.Validation is null)
        {
            return report.Status == SearchStatus.Failed ? $"The search failed: {Plain(report.StatusReason ?? "no reason was recorded")}." : "The base model has no score yet.";
        }

        if (report.Best.Model == report.Base.Model)
        {
            return "No model of this search beat the base within the regression limits; the base stays the best.";
        }

        var (from, to, split) = report is { Best.Test: { } best, Base.Test: { } start } ? (start, best, "test") : (report.Base.Validation, report.Best.Validation!, "validation");
        var gain = ScoreDifference.Between((from.Score, from.Stderr), (to.Score, to.Stderr));
        var sure = gain.IsBeyondNoise switch
        {
            true => "beyond two standard errors",
            false => "within two standard errors, so it may be noise",
            null => "whose noise is unknown, as a task has no standard error",
        };
        var text = Invariant($"`{report.Best.Model}` scores **{ScoreText.Of(to.Score, to.Stderr)}** on {split}, the base {ScoreText.Of(from.Score, from.Stderr)}: a change of {gain.Value:+0.000;-0.000;0.000}{(gain.StandardError is { } noise ? Invariant($" ± {noise:0.000}") : "")}, {sure}.");
        return report is { PlainSft: { Test: { } plain }, Best.Test: { } bestTest }
            ? text + Invariant($" One SFT on everything scores {ScoreText.Of(plain.Score, plain.Stderr)} ({bestTest.Score - plain.Score:+0.000;-0.000;0.000} to the best).")
            : text;
    }

    private static void Results(SearchReport report, Action<string> line)
    {
        var models = new List<(string Name, ReportModel Model)> { ("base", report.Base) };
        if (report.PlainSft is not null)
        {
            models.Add(("plain SFT on everything", report.PlainSft));
        }

        if (report.Best is not null && report.Best.Model != report.Base.Model)
        {
            models.Add(("**best**", report.Best));
        }

        line("## Scores");
        line("");
        foreach (var (split, of) in new (string, Func<ReportModel, ReportScore?>)[] { ("Test (read once, at the end)", m => m.Test), ("Validation (steered the search)", m => m.Validation) })
        {
            if (models.All(m => of(m.Model) is null))
            {
                continue;
            }

            line($"| {split} | model | total | {string.Join(" | ", report.Tasks.Select(t => t.Id))} |");
            line($"| --- | --- | ---: |{string.Concat(report.Tasks.Select(_ => " ---: |"))}");
            foreach (var (name, model) in models)
            {
                var score = of(model);
                var cells = report.Tasks.Select(t => score is null ? "–" : ScoreText.Of(score.Tasks[t.Id].Score, score.Tasks[t.Id].Stderr));
                line($"| {name} | `{model.Model}` | {(score is null ? "–" : ScoreText.Of(score.Score, score.Stderr))} | {string.Join(" | ", cells)} |");
            }

            line("");
        }

        line("± is one standard error. " + (report.Tasks.Count == 1
            ? "The total is the task's score."
            : $"The total is the weighted mean of the task scores ({string.Join(", ", report.Tasks.Select(t => Invariant($"{t.Id} {t.Weight}") + (t.Scale == 1 ? "" : Invariant($" × scale {t.Scale}"))))})."));
        line("");
    }

    private static void Pipeline(SearchReport report, Action<string> line, string pipelineFile)
    {
        if (report.Lineage.Count == 0)
        {
            return;
        }

        line("## How the best model was made");
        line("");
        line("```mermaid");
        line("flowchart LR");
        foreach (var node in report.Lineage)
        {
            var score = node.Score is { } s ? Invariant($"<br/>{s:0.000}") : "";
            var name = node.Name is null ? node.Model : $"{node.Model}<br/>{node.Name}";
            line(node.Parents.Count == 0 ? $"  {Id(node.Model)}([\"{name}{score}\"])" : $"  {Id(node.Model)}[\"{name}{score}\"]");
        }

        foreach (var node in report.Lineage)
        {
            var label = node.Action is null ? "" : $"|\"{node.Action.Replace("\"", "'", StringComparison.Ordinal)}{(node.Datasets.Count > 0 ? $"<br/>on {string.Join(", ", node.Datasets)}" : "")}\"|";
            foreach (var parent in node.Parents)
            {
                line($"  {Id(parent)} -->{label} {Id(node.Model)}");
            }
        }

        line("```");
        line("");
        line($"Make it again, on the same or on other data and models: `lamd replay {pipelineFile}`.");
        line("");

        static string Id(string model) => model.Replace('-', '_');
    }

    private static void Steps(SearchReport report, Action<string> line)
    {
        line("## Steps");
        line("");
        line($"| step | action | inputs | chosen hyper-parameters | model | total | {string.Join(" | ", report.Tasks.Select(t => t.Id))} | s | chosen by |");
        line($"| --- | --- | --- | --- | --- | ---: |{string.Concat(report.Tasks.Select(_ => " ---: |"))} ---: | --- |");
        foreach (var step in report.Steps)
        {
            var inputs = string.Join(", ", step.Objects.Models.Concat(step.Objects.Datasets));
            var parameters = string.Join(", ", step.Objects.Parameters.Where(p => step.Varied.Count == 0 ? step.Kind == ActionKind.Merge : step.Varied.Contains(p.Key)).OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}"));
            var mark = step.Model == report.Best?.Model ? " **best**" : step.Eligible == false ? " (over a limit)" : "";
            var score = step.Score is { } s ? ScoreText.Of(s, step.Stderr) : step.State.ToString().ToLowerInvariant();
            var tasks = report.Tasks.Select(t => step.Tasks is null ? "–" : ScoreText.Of(step.Tasks[t.Id].Score, step.Tasks[t.Id].Stderr));
            line(Invariant($"| {step.Id} | {step.ActionType} | {inputs} | {Cell(parameters)} | `{step.Model}`{mark} | {score} | {string.Join(" | ", tasks)} | {step.Seconds:0.0} | {Cell(step.DecidedBy)} |"));
        }

        line("");
        foreach (var step in report.Steps.Where(s => s.State == StepState.Failed))
        {
            line($"- {step.Id} failed: {Plain(step.Failure ?? "no reason was recorded")}");
        }

        line("");
    }

    private static void Notes(SearchReport report, Action<string> line)
    {
        line("## Notes");
        line("");
        line(Invariant($"- Strategy `{report.Strategy}`, seed {report.Seed}, {report.Steps.Count} steps, {report.Seconds:0} s. {Plain(report.StatusReason ?? report.Status.ToString().ToLowerInvariant())}."));
        foreach (var task in report.Tasks.Where(t => t.MaxRegression is not null))
        {
            line(Invariant($"- A model that loses more than {task.MaxRegression} on {task.Id} against the base on validation is not named best."));
        }

        line("- The best model was chosen by its validation score among several, so that score is somewhat too high; the test score is not.");
        if (report.Agent is { } agent)
        {
            line(Invariant($"- The agent (`{Plain(agent.Model)}`) was asked {agent.Calls} times and used {agent.Tokens} tokens; {agent.FallbackSteps} steps were decided at random because it gave no action."));
        }
    }

    /// <summary>One line without characters that Markdown or HTML would act on: reasons may quote data.</summary>
    private static string Plain(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            plain.Append(c switch
            {
                '<' => "&lt;",
                '>' => "&gt;",
                '&' => "&amp;",
                '`' or '[' or ']' or '*' or '_' or '#' or '|' or '!' or '\\' => "\\" + c,
                _ when char.IsControl(c) => " ",
                _ => c.ToString(),
            });
        }

        return plain.ToString();
    }

    private static string Cell(string text) => Plain(text.Length <= 160 ? text : text[..157] + "...");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
