using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Scores;
using LamdAgent.Planner.Searches;

namespace LamdAgent.Planner.Strategies;

/// <summary>
/// A strategy without a language model, good enough to be a baseline that an agent must beat:
/// <list type="number">
/// <item>Probe: train the base once on every dataset with every training type (first hyper-parameters), for at most half of the budget.</item>
/// <item>Then in turn: merge, extend. Merge takes the models whose best scores per task, put together, promise most (a tool caller with a model that
/// kept its instructions); extend trains the best model so far on the dataset that has brought most.</item>
/// <item>With the spec's <c>exploration</c> probability a random action instead.</item>
/// </list>
/// What a turn cannot do (nothing new left) the other does.
/// </summary>
public sealed class GreedyStrategy : IStrategy
{
    /// <summary>Merges are formed from this many of the most promising models.</summary>
    private const int MergeCandidates = 8;

    /// <summary>Each merge of the same models, by whatever method, lowers what they promise by this factor.</summary>
    private const double RepeatDiscount = 0.9;

    /// <inheritdoc />
    public Task<StrategyChoice?> ChooseAsync(LedgerView view, CancellationToken cancellation) => Task.FromResult(Choose(view));

    private static StrategyChoice? Choose(LedgerView view)
    {
        if (Probe(view) is { } probe)
        {
            return new StrategyChoice(probe, "greedy: probe");
        }

        if (view.Random("greedy-explore").NextDouble() < view.Spec.Planner.Exploration && RandomStrategy.Choose(view, "greedy-random") is { } random)
        {
            return new StrategyChoice(random, "greedy: explore");
        }

        var mergeFirst = (view.StepNumber - ProbeCount(view)) % 2 == 1;
        var merge = Merge(view);
        var extend = Extend(view);
        if ((mergeFirst ? merge ?? extend : extend ?? merge) is { } action)
        {
            return new StrategyChoice(action, action.Kind == ActionKind.Merge ? "greedy: merge the most promising" : $"greedy: extend {action.Models[0]}");
        }

        return RandomStrategy.Choose(view, "greedy-rest") is { } rest ? new StrategyChoice(rest, "greedy: what is left") : null;
    }

    private static IEnumerable<(Domain.Specs.ActionSpec Type, string Dataset)> Probes(LedgerView view) =>
        from type in view.Spec.Actions.Where(a => a.Kind == ActionKind.Train)
        from dataset in type.Datasets
        select (type, dataset);

    private static int ProbeCount(LedgerView view) => Math.Min(Probes(view).Count(), Math.Max(1, view.Spec.Budget.Steps / 2));

    private static PipelineAction? Probe(LedgerView view)
    {
        if (view.StepNumber > ProbeCount(view))
        {
            return null;
        }

        // The n-th probe is step n; whatever became of the earlier ones does not matter.
        var (type, dataset) = Probes(view).ElementAt(view.StepNumber - 1);
        var action = view.Space.TryTraining(type, view.Pool[0].Id, dataset, type.ParameterSets[0].Id).Action;
        return action is not null && view.IsNew(action) ? action : null;
    }

    /// <summary>New merges in order of promise: the score that a model with each task's best score would have; then the sum of the scores.</summary>
    private static PipelineAction? Merge(LedgerView view)
    {
        var types = view.Spec.Actions.Where(a => a.Kind == ActionKind.Merge).ToList();
        var scores = view.Pool.Where(m => m.Score is not null).ToDictionary(m => m.Id, m => m.Score!, StringComparer.Ordinal);
        if (types.Count == 0 || scores.Count < 2)
        {
            return null;
        }

        var candidates = Promising(view, scores);
        var space = new ActionSpace(view.Spec, view.Lineage, candidates);
        var turn = view.StepNumber;
        var open =
            from type in types
            from action in space.Enumerate(type).Take(20_000)
            where view.IsNew(action)
            let models = action.Models.Select(m => scores[m]).ToList()
            let tried = view.Seen.Select(s => s.Action).Concat(view.Pending).Count(a => a.Kind == ActionKind.Merge && a.Models.Order(StringComparer.Ordinal).SequenceEqual(action.Models.Order(StringComparer.Ordinal)))
            select (Action: action, Promise: Promise(models) * Math.Pow(RepeatDiscount, tried), Sum: models.Average(s => s.Score), Turn: (types.IndexOf(type) - turn % types.Count + types.Count) % types.Count);
        var list = open.ToList();
        if (list.Count == 0)
        {
            return null;
        }

        // Types take turns, so that no method is judged by one try; hyper-parameters are drawn among equals by seed.
        var ranked = list.OrderByDescending(a => Math.Round(a.Promise, 9)).ThenByDescending(a => Math.Round(a.Sum, 9)).ThenBy(a => a.Turn).ToList();
        var equals = ranked.TakeWhile(a => Same(a, ranked[0])).Select(a => a.Action).ToList();
        return equals[view.Random("greedy-merge").Next(equals.Count)];

        static bool Same((PipelineAction Action, double Promise, double Sum, int Turn) a, (PipelineAction Action, double Promise, double Sum, int Turn) b) =>
            Math.Round(a.Promise, 9) == Math.Round(b.Promise, 9) && Math.Round(a.Sum, 9) == Math.Round(b.Sum, 9) && a.Turn == b.Turn;

        double Promise(List<ScoreSummary> models)
        {
            var best = view.Spec.Tasks.Select((task, i) => models[0].Tasks[i] with { Score = models.Max(m => m.Tasks[i].Score) }).ToList();
            return ScoreSummary.Aggregate(view.Spec.Tasks, best)!.Score;
        }
    }

    /// <summary>The best models by score and the best on each task, in pool order.</summary>
    private static List<string> Promising(LedgerView view, Dictionary<string, ScoreSummary> scores)
    {
        var chosen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < view.Spec.Tasks.Count && chosen.Count < MergeCandidates; i++)
        {
            chosen.Add(scores.MaxBy(s => (s.Value.Tasks[i].Score, s.Value.Score)).Key);
        }

        foreach (var (id, _) in scores.OrderByDescending(s => s.Value.Score).ThenBy(s => s.Key, StringComparer.Ordinal))
        {
            if (chosen.Count < MergeCandidates)
            {
                chosen.Add(id);
            }
        }

        return [.. view.Space.Pool.Where(chosen.Contains)];
    }

    private static PipelineAction? Extend(LedgerView view)
    {
        var ranking = view.Standings().OrderByDescending(s => s.IsEligible).ThenByDescending(s => s.Score.Score).Select(s => s.ModelId).ToList();
        var gains = DatasetGains(view);
        foreach (var model in ranking)
        {
            var open = view.Spec.Actions.Where(a => a.Kind == ActionKind.Train)
                .SelectMany(type => new ActionSpace(view.Spec, view.Lineage, [model]).Enumerate(type))
                .Where(view.IsNew)
                .GroupBy(a => gains.GetValueOrDefault((a.Type, a.Datasets[0]), double.MaxValue)) // what was never tried is tried first
                .MaxBy(g => g.Key)?.ToList();
            if (open is not null)
            {
                return open[view.Random("greedy-extend").Next(open.Count)];
            }
        }

        return null;
    }

    /// <summary>Mean change of the score by (training type, dataset) so far.</summary>
    private static Dictionary<(string Type, string Dataset), double> DatasetGains(LedgerView view)
    {
        var scores = view.Pool.Where(m => m.Score is not null).ToDictionary(m => m.Id, m => m.Score!.Score, StringComparer.Ordinal);
        return view.Seen
            .Where(s => s.Action.Kind == ActionKind.Train && scores.ContainsKey(s.ModelId) && scores.ContainsKey(s.Action.Models[0]))
            .GroupBy(s => (s.Action.Type, s.Action.Datasets[0]))
            .ToDictionary(g => g.Key, g => Math.Round(g.Average(s => scores[s.ModelId] - scores[s.Action.Models[0]]), 9));
    }
}
