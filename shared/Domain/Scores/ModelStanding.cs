namespace LamdAgent.Domain.Scores;

/// <summary>A scored model as a candidate for "best".</summary>
/// <param name="ModelId">The model.</param>
/// <param name="Score">Its validation score.</param>
/// <param name="Regressions">Tasks on which it lost more than the limit against the base, with what was lost; empty when it may be named best.</param>
public sealed record ModelStanding(string ModelId, ScoreSummary Score, IReadOnlyList<TaskRegression> Regressions)
{
    /// <summary>Whether it may be named best.</summary>
    public bool IsEligible => Regressions.Count == 0;
}
