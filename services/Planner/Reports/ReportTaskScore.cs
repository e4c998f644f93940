namespace LamdAgent.Planner.Reports;

/// <summary>One task's score.</summary>
/// <param name="Score">In the task's units.</param>
/// <param name="Stderr">Its standard error, if there is one.</param>
/// <param name="Count">Items.</param>
public sealed record ReportTaskScore(double Score, double? Stderr, int Count);
