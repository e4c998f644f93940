using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Pipelines;
using LamdAgent.Domain.Planning;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Steps;
using LamdAgent.Planner.Searches;
using LamdAgent.Storage;

namespace LamdAgent.Planner.Reports;

/// <summary>Makes the report of a search from the store, at its end or under way.</summary>
public static class ReportBuilder
{
    /// <summary>Reads the store and makes the report; null when there is no such search.</summary>
    /// <param name="store">The store.</param>
    /// <param name="searchId">The search.</param>
    /// <param name="modelPath">Where a model's folder is.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public static async Task<SearchReport?> BuildAsync(IRunStore store, string searchId, Func<ModelRecord, string?> modelPath, CancellationToken cancellation)
    {
        if (await SearchSnapshot.ReadAsync(store, searchId, cancellation) is not var (snapshot, models))
        {
            return null;
        }

        var calls = snapshot.Spec.Planner.Strategy == "llm" ? await store.ListPlannerCallsAsync(searchId, null, cancellation) : [];
        return Build(snapshot, models, calls, modelPath);
    }

    /// <summary>Makes the report.</summary>
    public static SearchReport Build(
        SearchSnapshot snapshot, IReadOnlyList<ModelRecord> models, IReadOnlyList<PlannerCall> calls, Func<ModelRecord, string?> modelPath)
    {
        var spec = snapshot.Spec;
        var standings = SearchDriver.Standings(snapshot).ToDictionary(s => s.ModelId, StringComparer.Ordinal);
        var best = SearchDriver.Best(snapshot);
        var plain = SearchDriver.PlainSft(snapshot);
        var byId = models.ToDictionary(m => m.Id, StringComparer.Ordinal);
        var canTrace = best is not null && (best.ModelId == snapshot.StartModels[0].Id || byId.ContainsKey(best.ModelId));
        return new SearchReport
        {
            Run = snapshot.Search.Id,
            Name = spec.Name,
            Goal = spec.Goal,
            Status = snapshot.Search.Status,
            StatusReason = snapshot.Search.StatusReason,
            Strategy = spec.Planner.Strategy,
            Seed = spec.Seed,
            Seconds = snapshot.Search.ActiveSeconds,
            Tasks = [.. spec.Tasks.Select(t => new ReportTask(t.Id, t.Weight, t.Scale, spec.RegressionLimit(t)))],
            Base = Model(snapshot.StartModels[0].Id),
            PlainSft = plain is null ? null : Model(ModelId.PlainSft),
            Best = best is null ? null : Model(best.ModelId),
            Steps = [.. snapshot.SearchSteps.Select(s => Step(snapshot, s, standings.GetValueOrDefault(s.ModelId)))],
            Lineage = canTrace ? Lineage(snapshot, models, best!.ModelId, standings) : [],
            Agent = spec.Planner.Strategy != "llm"
                ? null
                : new ReportAgent(
                    spec.Planner.Llm!.Model,
                    calls.Count,
                    calls.Sum(c => (long)c.PromptTokens + c.CompletionTokens),
                    snapshot.SearchSteps.Count(s => s.DecidedBy.StartsWith("llm fallback", StringComparison.Ordinal))),
            Pipeline = canTrace ? PipelineRecipe.For(best!.ModelId, spec, snapshot.Search, models, snapshot.Steps) : null,
        };

        ReportModel Model(string id) => new(
            id,
            byId.TryGetValue(id, out var record) ? modelPath(record) : null,
            record?.Digest,
            ReportScore.From(standings.GetValueOrDefault(id)?.Score ?? (id == ModelId.PlainSft ? ScoreSummary.Aggregate(spec.Tasks, plain?.Scores) : null)),
            ReportScore.From(ScoreSummary.Aggregate(spec.Tasks, snapshot.Steps.FirstOrDefault(s => s.Role == StepRole.Final && s.ModelId == id)?.Scores)));
    }

    private static ReportStep Step(SearchSnapshot snapshot, StepRecord step, ModelStanding? standing)
    {
        var score = ReportScore.From(ScoreSummary.Aggregate(snapshot.Spec.Tasks, step.Scores));
        return new ReportStep
        {
            Id = step.Id,
            Number = step.Number,
            ActionType = step.Action.Type,
            Kind = step.Action.Kind,
            Varied = snapshot.Spec.Actions.FirstOrDefault(a => a.Type == step.Action.Type)?.ParameterSets[0].Varied ?? [],
            Objects = new ReportObjects(step.Action.Models, step.Action.BaseModel, step.Action.Datasets, step.Action.Parameters),
            State = step.State,
            Score = score?.Score,
            Stderr = score?.Stderr,
            Seconds = step.Seconds,
            Model = step.ModelId,
            Eligible = standing?.IsEligible,
            Tasks = score?.Tasks,
            DecidedBy = step.DecidedBy,
            Failure = step.Failure?.Reason,
        };
    }

    private static List<LineageNode> Lineage(
        SearchSnapshot snapshot, IReadOnlyList<ModelRecord> models, string best, Dictionary<string, ModelStanding> standings)
    {
        var lineage = new Lineage();
        foreach (var model in models.OrderBy(m => m.StepId is null ? 0 : 1).ThenBy(m => m.Id.Length).ThenBy(m => m.Id, StringComparer.Ordinal))
        {
            lineage.Add(model.Id, model.Parents);
        }

        var starts = snapshot.StartModels.Select(m => m.Id).ToList();
        return [.. lineage.Pipeline(best).Select(id =>
        {
            var model = models.First(m => m.Id == id);
            var action = model.Action;
            var varied = action is null ? null : Varied(snapshot, action);
            return new LineageNode(
                id,
                starts.IndexOf(id) is >= 0 and var i ? snapshot.Spec.Models[i].Id : null,
                action is null ? null : varied is { Length: > 0 } ? $"{action.Type} ({varied})" : action.Type,
                model.Parents,
                action?.Datasets ?? [],
                standings.GetValueOrDefault(id)?.Score.Score);
        })];
    }

    /// <summary>The hyper-parameters that the search could choose; the fixed ones are in the spec.</summary>
    private static string Varied(SearchSnapshot snapshot, PipelineAction action)
    {
        var varied = snapshot.Spec.Actions.FirstOrDefault(a => a.Type == action.Type)?.ParameterSets[0].Varied ?? [];
        return string.Join(", ", varied.Where(action.Parameters.ContainsKey).Select(v => $"{v}={action.Parameters[v]}"));
    }
}
