namespace LamdAgent.Planner.Reports;

/// <summary>A task's part in the total.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Weight">Its weight.</param>
/// <param name="Scale">Its scale.</param>
/// <param name="MaxRegression">What may be lost on it against the base; null: no limit.</param>
public sealed record ReportTask(string Id, double Weight, double Scale, double? MaxRegression);
