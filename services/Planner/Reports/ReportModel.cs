using System.Text.Json.Serialization;

namespace LamdAgent.Planner.Reports;

/// <summary>A model of the report.</summary>
/// <param name="Model">Its id.</param>
/// <param name="Path">Its folder; null when it was never made.</param>
/// <param name="Digest">Digest of its content; null when it was never made.</param>
/// <param name="Validation">Its validation scores; null when it has none.</param>
/// <param name="Test">Its test scores; null when the test was not read for it.</param>
public sealed record ReportModel(
    string Model,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Path,
    string? Digest,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] ReportScore? Validation,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] ReportScore? Test);
