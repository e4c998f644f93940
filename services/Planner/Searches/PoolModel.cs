using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Planner.Searches;

/// <summary>A model of the object pool.</summary>
/// <param name="Id">Its neutral id.</param>
/// <param name="Score">Its validation score; null when it has none.</param>
/// <param name="Step">The step that made it; null for a starting model.</param>
public sealed record PoolModel(string Id, ScoreSummary? Score, StepRecord? Step);
