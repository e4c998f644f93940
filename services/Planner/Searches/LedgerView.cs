using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Specs;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Planner.Searches;

/// <summary>
/// What may be known when step n is planned: with k steps in flight the results of steps 1 to n - k, and of the later ones only what was planned. Two runs of one
/// search see the same here, in whatever order results arrive.
/// </summary>
public sealed class LedgerView
{
    private readonly SearchSnapshot _snapshot;
    private readonly HashSet<string> _planned;

    private LedgerView(SearchSnapshot snapshot, int number)
    {
        _snapshot = snapshot;
        StepNumber = number;
        var horizon = number - snapshot.Spec.Planner.StepsInFlight;
        var before = snapshot.SearchSteps.Where(s => s.Number < number).ToList();
        Seen = [.. before.Where(s => s.Number <= horizon)];
        Pending = [.. before.Where(s => s.Number > horizon).Select(s => s.Action)];
        _planned = before.Select(s => snapshot.WorkOf(s.Action)).ToHashSet(StringComparer.Ordinal);

        // The plain SFT reference is work that is already done, but its model is no object of the search: the same action is worth planning again.
        Lineage = new Lineage();
        var pool = new List<PoolModel>();
        for (var i = 0; i < snapshot.StartModels.Count; i++)
        {
            var model = snapshot.StartModels[i];
            Lineage.Add(model.Id, model.Parents);
            pool.Add(new PoolModel(model.Id, ScoreOf(snapshot.Step(Domain.Steps.StepId.Format(StepRole.Reference, i + 1))), null));
        }

        foreach (var step in Seen.Where(s => s.State == StepState.Scored))
        {
            Lineage.Add(step.ModelId, step.Action.Models);
            pool.Add(new PoolModel(step.ModelId, ScoreOf(step), step));
        }

        Pool = pool;
        Space = new ActionSpace(snapshot.Spec, Lineage, [.. pool.Select(m => m.Id)]);
    }

    /// <summary>The step to be planned, from 1.</summary>
    public int StepNumber { get; }

    /// <summary>Its id.</summary>
    public string StepId => Domain.Steps.StepId.Format(StepRole.Search, StepNumber);

    /// <summary>The spec.</summary>
    public SearchSpec Spec => _snapshot.Spec;

    /// <summary>The search's id.</summary>
    public string SearchId => _snapshot.Search.Id;

    /// <summary>Ended steps whose results may be used.</summary>
    public IReadOnlyList<StepRecord> Seen { get; }

    /// <summary>Actions under way, oldest first.</summary>
    public IReadOnlyList<PipelineAction> Pending { get; }

    /// <summary>The models that actions may take, oldest first; the first is the base.</summary>
    public IReadOnlyList<PoolModel> Pool { get; }

    /// <summary>How they descend from each other.</summary>
    public Lineage Lineage { get; }

    /// <summary>What can be done with them.</summary>
    public ActionSpace Space { get; }

    /// <summary>What is known for planning step n.</summary>
    public static LedgerView For(SearchSnapshot snapshot, int number) => new(snapshot, number);

    /// <summary>Whether no earlier step is the same work.</summary>
    public bool IsNew(PipelineAction action) => !_planned.Contains(_snapshot.WorkOf(action));

    /// <summary>The step that is the same work, among those seen or pending; null when there is none.</summary>
    public StepRecord? SameWork(PipelineAction action)
    {
        var key = _snapshot.KeyOf(action);
        return _snapshot.SearchSteps.FirstOrDefault(s => s.Number < StepNumber && s.ActionKey == key);
    }

    /// <summary>A generator for this step and purpose only.</summary>
    public Random Random(string purpose) => new(ActionKey.DeriveSeed(Spec.Seed, $"{purpose}:{StepNumber}"));

    /// <summary>The scored models held against the base, oldest first.</summary>
    public IReadOnlyList<ModelStanding> Standings()
    {
        var start = Pool[0].Score;
        return start is null ? [] : [.. Pool.Where(m => m.Score is not null).Select(m => ModelSelection.Judge(Spec, m.Id, m.Score!, start))];
    }

    private ScoreSummary? ScoreOf(StepRecord? step) => ScoreSummary.Aggregate(Spec.Tasks, step?.Scores);
}
