using LamdAgent.Domain.Scores;

namespace LamdAgent.Planner.Reports;

/// <summary>A total with its parts.</summary>
/// <param name="Score">The total.</param>
/// <param name="Stderr">Its standard error, if there is one.</param>
/// <param name="Tasks">By task id.</param>
public sealed record ReportScore(double Score, double? Stderr, IReadOnlyDictionary<string, ReportTaskScore> Tasks)
{
    /// <summary>From a summary; null from null.</summary>
    public static ReportScore? From(ScoreSummary? summary) => summary is null
        ? null
        : new ReportScore(
            summary.Score,
            summary.StandardError,
            summary.Tasks.ToDictionary(t => t.TaskId, t => new ReportTaskScore(t.Score, t.StandardError, t.Count), StringComparer.Ordinal));
}
