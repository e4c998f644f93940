using LamdAgent.Domain;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Searches;
using LamdAgent.Storage;
using LamdAgent.Storage.Artifacts;

namespace LamdAgent.Planner.Searches;

/// <summary>
/// Carries out a <see cref="RetentionPlan"/>: weights go, records stay. The ledger is told first and the folder deleted after, so that whatever is cut off in between is finished by doing it again, and a
/// model that the ledger calls kept is whole.
/// </summary>
public static class ModelPruning
{
    /// <summary>How many of the best models are kept unless somebody says otherwise.</summary>
    public const int DefaultFinalists = 3;

    /// <summary>Prunes a search, or says what would go.</summary>
    /// <param name="store">The run store.</param>
    /// <param name="artifacts">Where the models lie.</param>
    /// <param name="searchId">The search.</param>
    /// <param name="finalists">How many of the best models to keep, the best among them.</param>
    /// <param name="dryRun">Only say it.</param>
    /// <param name="clock">For the time that is noted.</param>
    /// <param name="cancellation">Stops between two models.</param>
    /// <returns>Null when there is no such search.</returns>
    /// <exception cref="InvalidInputException">Fewer than one finalist.</exception>
    public static async Task<PruneResult?> RunAsync(
        IRunStore store, IArtifactStore artifacts, string searchId, int finalists, bool dryRun, TimeProvider clock, CancellationToken cancellation)
    {
        if (finalists < 1)
        {
            throw new InvalidInputException("finalists must be at least 1: the best model is always kept");
        }

        if (await SearchSnapshot.ReadAsync(store, searchId, cancellation) is not var (snapshot, models))
        {
            return null;
        }

        var plan = RetentionPlan.For(snapshot, models, finalists);
        var pruned = new List<PrunedModel>();
        foreach (var model in plan.Prune.Select(id => models.First(m => m.Id == id)))
        {
            if (artifacts.Find(model.Artifact) is { } folder)
            {
                var scores = snapshot.Steps.FirstOrDefault(s => s.Id == model.StepId)?.Scores;
                pruned.Add(new PrunedModel(model.Id, model.Artifact, BytesOf(folder), ScoreSummary.Aggregate(snapshot.Spec.Tasks, scores)?.Score));
            }
        }

        pruned.AddRange(Strays(snapshot, models, artifacts));
        foreach (var model in dryRun ? [] : pruned)
        {
            cancellation.ThrowIfCancellationRequested();
            if (model.Model is not null)
            {
                await store.MarkModelPrunedAsync(searchId, model.Model, clock.GetUtcNow(), cancellation);
            }

            artifacts.Delete(model.Artifact);
        }

        return new PruneResult(searchId, dryRun, [.. plan.Keep.Where(id => models.First(m => m.Id == id).PrunedAt is null)], pruned, pruned.Sum(model => model.Bytes));
    }

    // Two workers that made one model both published, and one of them counted; steps that were given up leave checkpoints. Only looked for when nobody can be at work any more.
    private static IEnumerable<PrunedModel> Strays(SearchSnapshot snapshot, IReadOnlyList<ModelRecord> models, IArtifactStore artifacts)
    {
        if (snapshot.Search.Status is SearchStatus.Running or SearchStatus.Paused || snapshot.Steps.Any(s => !s.IsTerminal))
        {
            return [];
        }

        var known = models.Select(m => m.Artifact).Concat(snapshot.Steps.Where(s => s.Product is not null).Select(s => s.Product!.Artifact)).ToHashSet(StringComparer.Ordinal);
        var folder = Path.GetDirectoryName(artifacts.NameOf(snapshot.Search.Id, ModelPublishing.Models, "any"))!;
        return artifacts.List(folder).Where(name => !known.Contains(name)).Concat(artifacts.ListUnfinished(snapshot.Search.Id)).Select(name => new PrunedModel(null, name, BytesOf(artifacts.Find(name)!), null));
    }

    private static long BytesOf(string folder) => new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
}
