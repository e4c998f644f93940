namespace LamdAgent.Planner.Reports;

/// <summary>A model on the way to the best one.</summary>
/// <param name="Model">Its id.</param>
/// <param name="Name">The spec's name of a starting model; null for one that was made.</param>
/// <param name="Action">How it was made, short; null for a starting model.</param>
/// <param name="Parents">What it was made from.</param>
/// <param name="Datasets">What it was trained on.</param>
/// <param name="Score">Validation total; null without.</param>
public sealed record LineageNode(string Model, string? Name, string? Action, IReadOnlyList<string> Parents, IReadOnlyList<string> Datasets, double? Score);
