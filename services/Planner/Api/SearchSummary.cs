using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Planner.Api;

/// <summary>A search in short.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Status">Whether it goes on.</param>
/// <param name="StatusReason">Why it ended or waits.</param>
/// <param name="Priority">Higher is served first.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="ActiveSeconds">Seconds during which a planner drove it.</param>
/// <param name="Steps">Search steps by state.</param>
public sealed record SearchSummary(
    string Id, SearchStatus Status, string? StatusReason, int Priority, DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt, double ActiveSeconds, IReadOnlyDictionary<StepState, int> Steps)
{
    /// <summary>What the person should know before it runs, a sentence each; only in the answer to a submission.</summary>
    public IReadOnlyList<string>? Warnings { get; init; }

    /// <summary>From the store's records.</summary>
    public static SearchSummary Of(SearchRecord search, IEnumerable<StepRecord> steps) => new(
        search.Id, search.Status, search.StatusReason, search.Priority, search.CreatedAt, search.FinishedAt, search.ActiveSeconds,
        steps.Where(s => s.Role == StepRole.Search).GroupBy(s => s.State).OrderBy(g => g.Key).ToDictionary(g => g.Key, g => g.Count()));
}
