namespace LamdAgent.Planner.Submission;

/// <summary>A dataset that holds evaluation items.</summary>
/// <param name="DatasetId">The dataset.</param>
/// <param name="Rows">How many of its rows.</param>
/// <param name="Examples">Where: dataset line and item.</param>
public sealed record Overlap(string DatasetId, int Rows, IReadOnlyList<string> Examples);
