namespace LamdAgent.Planner.Searches;

/// <summary>What was pruned of a search, or would be.</summary>
/// <param name="Search">The search.</param>
/// <param name="DryRun">Whether nothing was done.</param>
/// <param name="Kept">Models that keep their weights, oldest first.</param>
/// <param name="Pruned">Models that lose theirs, oldest first.</param>
/// <param name="Bytes">Room that this makes.</param>
public sealed record PruneResult(string Search, bool DryRun, IReadOnlyList<string> Kept, IReadOnlyList<PrunedModel> Pruned, long Bytes);
