using LamdAgent.Domain.Models;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Planner.Searches;

/// <summary>
/// Which weights of a search are worth their space: the starting models, the plain SFT reference, the best model, the next best, and everything that these descend from. While the search may go on
/// every scored model stays as well, since any of them may be the next action's object. The ledger keeps the rest as recipes: any model can be made again.
/// </summary>
/// <param name="Keep">Models to keep, oldest first.</param>
/// <param name="Prune">Models whose weights may go, oldest first.</param>
public sealed record RetentionPlan(IReadOnlyList<string> Keep, IReadOnlyList<string> Prune)
{
    /// <summary>Makes the plan.</summary>
    /// <param name="snapshot">The search.</param>
    /// <param name="models">Its models.</param>
    /// <param name="finalists">How many of the best models to keep, the best among them.</param>
    public static RetentionPlan For(SearchSnapshot snapshot, IReadOnlyList<ModelRecord> models, int finalists)
    {
        var lineage = new Lineage();
        var ordered = models.OrderBy(m => m.StepId is null ? 0 : 1).ThenBy(m => m.Id.Length).ThenBy(m => m.Id, StringComparer.Ordinal).ToList();
        ordered.ForEach(m => lineage.Add(m.Id, m.Parents));
        var best = SearchDriver.Standings(snapshot)
            .OrderByDescending(s => s.IsEligible).ThenByDescending(s => s.Score.Score)
            .Take(Math.Max(1, finalists)).Select(s => s.ModelId);

        var mayGoOn = snapshot.Search.Status is SearchStatus.Running or SearchStatus.Paused;
        var pool = snapshot.Steps.Where(s => mayGoOn && s.State == StepState.Scored).Select(s => s.ModelId);
        var winner = SearchDriver.Best(snapshot) is { } first ? new[] { first.ModelId } : [];

        // A model that steps under way still read must stay, whatever its score.
        var inUse = snapshot.Steps.Where(s => !s.IsTerminal).SelectMany(s => s.Action.Models.Append(s.ModelId)).Where(lineage.Models.Contains);
        var keep = snapshot.StartModels.Select(m => m.Id).Append(ModelId.PlainSft).Concat(winner).Concat(best).Concat(pool).Concat(inUse).Where(lineage.Models.Contains)
            .SelectMany(lineage.Pipeline).ToHashSet(StringComparer.Ordinal);
        return new RetentionPlan([.. ordered.Select(m => m.Id).Where(keep.Contains)], [.. ordered.Select(m => m.Id).Where(id => !keep.Contains(id))]);
    }
}
