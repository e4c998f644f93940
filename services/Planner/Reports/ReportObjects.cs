namespace LamdAgent.Planner.Reports;

/// <summary>What an action took.</summary>
/// <param name="Models">Input models.</param>
/// <param name="BaseModel">Base of a merge; null without.</param>
/// <param name="Datasets">Datasets.</param>
/// <param name="Parameters">Hyper-parameters as YAML text.</param>
public sealed record ReportObjects(IReadOnlyList<string> Models, string? BaseModel, IReadOnlyList<string> Datasets, IReadOnlyDictionary<string, string> Parameters);
