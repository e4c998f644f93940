using System.Text.Json;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;

namespace LamdAgent.Planner.Reports;

/// <summary>Writes a report into a folder: <c>report.md</c>, <c>score-curve.svg</c>, <c>report.json</c> and <c>pipeline.yaml</c>, each at once or not at all.</summary>
public static class ReportFiles
{
    /// <summary>Writes the files; returns the path of <c>report.md</c>.</summary>
    public static string Write(SearchReport report, string folder)
    {
        Directory.CreateDirectory(folder);
        WriteText("score-curve.svg", ScoreCurve.Draw(report));
        WriteText("report.json", ToJson(report));
        if (report.Pipeline is not null)
        {
            WriteText("pipeline.yaml", report.Pipeline.ToYaml());
        }

        return WriteText("report.md", MarkdownReport.Write(report));

        string WriteText(string name, string text)
        {
            var path = Path.Combine(folder, name);
            AtomicFile.WriteAllBytes(path, System.Text.Encoding.UTF8.GetBytes(text));
            return path;
        }
    }

    /// <summary>The report as the JSON object that <c>--json</c> prints.</summary>
    public static string ToJson(SearchReport report) => JsonSerializer.Serialize(report, DomainJson.Indented);
}
