using LamdAgent.Domain.Models;
using LamdAgent.Domain.Specs;

namespace LamdAgent.Domain.Actions;

/// <summary>
/// Every action that is possible with the models of a pool: types x objects. Merges of models without a common ancestor are left out (averaging unrelated weights gives noise), and
/// so are task-vector merges in which one model is that ancestor (its task vector is zero).
/// </summary>
/// <param name="spec">The search.</param>
/// <param name="lineage">How the models descend from each other; may know more models than the pool.</param>
/// <param name="pool">The models that actions may take, oldest first.</param>
public sealed class ActionSpace(SearchSpec spec, Lineage lineage, IReadOnlyList<string> pool)
{
    /// <summary>The models that actions may take, oldest first.</summary>
    public IReadOnlyList<string> Pool { get; } = pool;

    /// <summary>The action type of this name.</summary>
    public ActionSpec Type(string name) => spec.Actions.First(a => a.Type == name);

    /// <summary>
    /// How many combinations a type has: exact for trainings; for merges an upper bound, because lineage rules some out.
    /// </summary>
    public long UpperBound(ActionSpec type)
    {
        if (type.Kind == ActionKind.Train)
        {
            return (long)Pool.Count * type.Datasets.Count * type.ParameterSets.Count;
        }

        var total = 0.0;
        foreach (var set in type.ParameterSets)
        {
            foreach (var k in Counts(type, set))
            {
                var ways = 1.0;
                for (var i = 0; i < k; i++)
                {
                    ways = ways * (Pool.Count - i) / (set.Ordered ? 1 : i + 1);
                }

                total += Math.Max(0, ways);
            }
        }

        return total > long.MaxValue / 2.0 ? long.MaxValue / 2 : (long)Math.Round(total);
    }

    /// <summary>All valid actions of a type in a fixed order. Lazy: a pool of many models has a great many merges.</summary>
    public IEnumerable<PipelineAction> Enumerate(ActionSpec type) =>
        type.Kind == ActionKind.Train ? Trainings(type) : Merges(type);

    /// <summary>Makes a training action, or says why it cannot be.</summary>
    public ActionAttempt TryTraining(ActionSpec type, string model, string dataset, string parameterSet)
    {
        if (!Pool.Contains(model, StringComparer.Ordinal))
        {
            return ActionAttempt.Invalid($"unknown model '{model}'; choose one of {string.Join(", ", Pool)}");
        }

        if (!type.Datasets.Contains(dataset, StringComparer.Ordinal))
        {
            return ActionAttempt.Invalid($"unknown dataset '{dataset}' for {type.Type}; choose one of {string.Join(", ", type.Datasets)}");
        }

        return FindSet(type, parameterSet) is { } set
            ? ActionAttempt.Valid(Training(type, model, dataset, set))
            : UnknownSet(type, parameterSet);
    }

    /// <summary>Makes a merge action, or says why it cannot be. For sets whose order does not matter the models are sorted.</summary>
    public ActionAttempt TryMerge(ActionSpec type, IReadOnlyList<string> models, string parameterSet)
    {
        foreach (var model in models)
        {
            if (!Pool.Contains(model, StringComparer.Ordinal))
            {
                return ActionAttempt.Invalid($"unknown model '{model}'; choose from {string.Join(", ", Pool)}");
            }
        }

        if (models.Distinct(StringComparer.Ordinal).Count() != models.Count)
        {
            return ActionAttempt.Invalid("the models of a merge must be different");
        }

        if (FindSet(type, parameterSet) is not { } set)
        {
            return UnknownSet(type, parameterSet);
        }

        var counts = Counts(type, set);
        if (!counts.Contains(models.Count))
        {
            return ActionAttempt.Invalid($"{type.Type} with {set.Id} takes {string.Join(" or ", counts)} models, not {models.Count}");
        }

        IReadOnlyList<string> ordered = set.Ordered ? models : [.. models.OrderBy(m => Pool.ToList().IndexOf(m))];
        return Merge(type, ordered, set);
    }

    private static ActionAttempt UnknownSet(ActionSpec type, string given) =>
        ActionAttempt.Invalid($"unknown hyper-parameters '{given}' for {type.Type}; choose one of {string.Join(", ", type.ParameterSets.Select(s => s.Id))}");

    private static ParameterSet? FindSet(ActionSpec type, string id) => type.ParameterSets.FirstOrDefault(s => s.Id == id);

    private static IReadOnlyList<int> Counts(ActionSpec type, ParameterSet set) =>
        set.ModelCount is { } count ? [count] : type.ModelCounts;

    private static PipelineAction Training(ActionSpec type, string model, string dataset, ParameterSet set) => new()
    {
        Type = type.Type,
        Kind = ActionKind.Train,
        Models = [model],
        Datasets = [dataset],
        Parameters = set.Values,
    };

    private ActionAttempt Merge(ActionSpec type, IReadOnlyList<string> models, ParameterSet set)
    {
        var ancestor = lineage.CommonAncestor(models);
        if (ancestor is null)
        {
            return ActionAttempt.Invalid($"{string.Join(", ", models)} share no ancestor and cannot be merged");
        }

        if (type.Base == MergeBase.CommonAncestor && models.Contains(ancestor, StringComparer.Ordinal))
        {
            return ActionAttempt.Invalid($"{ancestor} is the common ancestor of these models, so it adds nothing to {type.Type}; leave it out or choose another merge");
        }

        return ActionAttempt.Valid(new PipelineAction
        {
            Type = type.Type,
            Kind = ActionKind.Merge,
            Models = models,
            BaseModel = type.Base switch
            {
                MergeBase.CommonAncestor => ancestor,
                MergeBase.FirstModel => models[0],
                _ => null,
            },
            Parameters = set.Values,
        });
    }

    private IEnumerable<PipelineAction> Trainings(ActionSpec type) =>
        from model in Pool
        from dataset in type.Datasets
        from set in type.ParameterSets
        select Training(type, model, dataset, set);

    private IEnumerable<PipelineAction> Merges(ActionSpec type)
    {
        foreach (var set in type.ParameterSets)
        {
            foreach (var k in Counts(type, set))
            {
                foreach (var models in Choose(k, set.Ordered))
                {
                    if (Merge(type, models, set).Action is { } action)
                    {
                        yield return action;
                    }
                }
            }
        }
    }

    /// <summary>All ways to take k of the pool's models: ascending, or in every order.</summary>
    private IEnumerable<IReadOnlyList<string>> Choose(int k, bool ordered)
    {
        return Extend([]);

        IEnumerable<IReadOnlyList<string>> Extend(List<int> taken)
        {
            if (taken.Count == k)
            {
                yield return [.. taken.Select(i => Pool[i])];
                yield break;
            }

            for (var i = ordered || taken.Count == 0 ? 0 : taken[^1] + 1; i < Pool.Count; i++)
            {
                if (taken.Contains(i))
                {
                    continue;
                }

                taken.Add(i);
                foreach (var rest in Extend(taken))
                {
                    yield return rest;
                }

                taken.RemoveAt(taken.Count - 1);
            }
        }
    }
}
