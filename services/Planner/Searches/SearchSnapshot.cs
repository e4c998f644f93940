using System.Text;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Specs;
using LamdAgent.Domain.Steps;
using LamdAgent.Storage;

namespace LamdAgent.Planner.Searches;

/// <summary>A search as it was read from the store at one moment.</summary>
/// <param name="Search">The search.</param>
/// <param name="Spec">Its spec, overrides applied.</param>
/// <param name="StartModels">The models it started from, in spec order.</param>
/// <param name="Steps">The whole ledger.</param>
public sealed record SearchSnapshot(SearchRecord Search, SearchSpec Spec, IReadOnlyList<ModelRecord> StartModels, IReadOnlyList<StepRecord> Steps)
{
    /// <summary>The search steps by number.</summary>
    public IReadOnlyList<StepRecord> SearchSteps { get; } = [.. Steps.Where(s => s.Role == StepRole.Search).OrderBy(s => s.Number)];

    private readonly Dictionary<string, string> _modelKeys = StartModels.Select(m => (m.Id, Key: m.Digest))
        .Concat(Steps.Where(s => s.Action.Kind != Domain.Actions.ActionKind.Evaluate).Select(s => (Id: s.ModelId, Key: s.ActionKey)))
        .ToDictionary(m => m.Id, m => m.Key, StringComparer.Ordinal);

    private readonly Dictionary<string, string> _datasetKeys = Search.Datasets.ToDictionary(d => d.Id, d => d.Digest, StringComparer.Ordinal);

    /// <summary>The seed of every training: one per search, so that the same action is the same work.</summary>
    public long TrainingSeed => Domain.Actions.ActionKey.DeriveSeed(Spec.Seed, "training");

    /// <summary>A step by id, or null.</summary>
    public StepRecord? Step(string id) => Steps.FirstOrDefault(s => s.Id == id);

    /// <summary>The identity of a model: a starting model's digest, or the key of the step that makes it.</summary>
    public string ModelKey(string modelId) => _modelKeys[modelId];

    /// <summary>The identity of an action in this search.</summary>
    public string KeyOf(Domain.Actions.PipelineAction action) => Domain.Actions.ActionKey.Compute(
        action, TrainingSeed, Spec.DataFraction, ModelKey, id => Search.Datasets.First(d => d.Id == id).Digest);

    /// <summary>A text that two actions of this search share exactly when they share their key: for comparing thousands of candidates, where hashing each would take longest.</summary>
    public string WorkOf(Domain.Actions.PipelineAction action)
    {
        const char item = '\u001f', list = '\u001e';
        var text = new StringBuilder(256).Append(action.Kind).Append(item).Append(action.Type).Append(item).Append(action.Split).Append(list);
        foreach (var model in action.Models)
        {
            text.Append(ModelKey(model)).Append(item);
        }

        text.Append(list).Append(action.BaseModel is null ? "" : ModelKey(action.BaseModel)).Append(list);
        foreach (var dataset in action.Datasets)
        {
            text.Append(_datasetKeys[dataset]).Append(item);
        }

        text.Append(list);
        foreach (var (name, value) in action.Parameters.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            text.Append(name).Append(item).Append(value).Append(item);
        }

        return text.ToString();
    }

    /// <summary>Reads a search from the store, with all its models (the starting models among them); null when there is none.</summary>
    public static async Task<(SearchSnapshot Snapshot, IReadOnlyList<ModelRecord> Models)?> ReadAsync(IRunStore store, string searchId, CancellationToken cancellation)
    {
        if (await store.GetSearchAsync(searchId, cancellation) is not { } search)
        {
            return null;
        }

        var models = await store.ListModelsAsync(searchId, cancellation);
        return (new SearchSnapshot(search, SpecOf(search), StartModelsOf(models), await store.ListStepsAsync(searchId, cancellation)), models);
    }

    /// <summary>The models of a search that no step made, in spec order.</summary>
    public static IReadOnlyList<ModelRecord> StartModelsOf(IEnumerable<ModelRecord> models) => [.. models.Where(m => m.StepId is null).OrderBy(m => m.Id, StringComparer.Ordinal)];

    /// <summary>Reads a search's own spec and applies what the command line changed.</summary>
    public static SearchSpec SpecOf(SearchRecord search)
    {
        var spec = SearchSpecReader.Parse(search.SpecYaml, search.SpecFile, search.SpecFolder);
        return ApplyOverrides(spec, search.Overrides);
    }

    /// <summary>The spec with the values of the command line.</summary>
    public static SearchSpec ApplyOverrides(SearchSpec spec, SearchOverrides overrides) => spec with
    {
        Seed = overrides.Seed ?? spec.Seed,
        Planner = spec.Planner with { Strategy = overrides.Strategy ?? spec.Planner.Strategy },
        Budget = spec.Budget with { Steps = overrides.Steps ?? spec.Budget.Steps },
    };
}
