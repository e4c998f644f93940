namespace LamdAgent.Domain.Searches;

/// <summary>Values of the command line that take the place of the spec's; null leaves the spec's.</summary>
/// <param name="Strategy">Planner strategy.</param>
/// <param name="Steps">Budget of search steps.</param>
/// <param name="Seed">Seed of the search.</param>
public sealed record SearchOverrides(string? Strategy = null, int? Steps = null, long? Seed = null);
