using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Specs;
using LamdAgent.Planner.Searches;

namespace LamdAgent.Planner.Strategies;

/// <summary>An action type at random among those that have something new to do, then one of its new actions at random; all by the search's seed.</summary>
public sealed class RandomStrategy : IStrategy
{
    /// <summary>Below this many combinations a type is written out in full; above, objects are drawn until they make a new valid action.</summary>
    private const int WriteOutLimit = 20_000;

    /// <inheritdoc />
    public Task<StrategyChoice?> ChooseAsync(LedgerView view, CancellationToken cancellation) =>
        Task.FromResult(Choose(view, "random") is { } action ? new StrategyChoice(action, "random") : null);

    /// <summary>A random new action; null when there is none.</summary>
    /// <param name="view">The view.</param>
    /// <param name="purpose">Different purposes draw differently.</param>
    public static PipelineAction? Choose(LedgerView view, string purpose)
    {
        var random = view.Random(purpose);
        var types = view.Spec.Actions.ToList();
        while (types.Count > 0)
        {
            var type = types[random.Next(types.Count)];
            if (ChooseOf(type, view, random) is { } action)
            {
                return action;
            }

            types.Remove(type);
        }

        return null;
    }

    private static PipelineAction? ChooseOf(ActionSpec type, LedgerView view, Random random)
    {
        if (view.Space.UpperBound(type) <= WriteOutLimit)
        {
            var open = view.Space.Enumerate(type).Where(view.IsNew).ToList();
            return open.Count == 0 ? null : open[random.Next(open.Count)];
        }

        for (var attempt = 0; attempt < 10_000; attempt++)
        {
            var set = type.ParameterSets[random.Next(type.ParameterSets.Count)];
            var drawn = type.Kind == ActionKind.Train
                ? view.Space.TryTraining(type, Draw(view.Space.Pool, random), Draw(type.Datasets, random), set.Id)
                : view.Space.TryMerge(type, DrawModels(type, set, view, random), set.Id);
            if (drawn.Action is { } action && view.IsNew(action))
            {
                return action;
            }
        }

        return null;
    }

    private static List<string> DrawModels(ActionSpec type, ParameterSet set, LedgerView view, Random random)
    {
        var count = set.ModelCount ?? Draw(type.ModelCounts, random);
        var pool = view.Space.Pool.ToArray();
        random.Shuffle(pool);
        return [.. pool.Take(count)];
    }

    private static T Draw<T>(IReadOnlyList<T> from, Random random) => from[random.Next(from.Count)];
}
