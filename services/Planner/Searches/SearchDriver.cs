using System.Globalization;
using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Planner.Searches;

/// <summary>
/// Decides what a search needs next, from the ledger alone: no clock, no IO, no hidden state, so that any planner process comes to the same answer.
/// Order of a search: references (starting models on validation, plain SFT), search steps, test readings.
/// </summary>
public static class SearchDriver
{
    /// <summary>The next decision.</summary>
    /// <param name="snapshot">The search as it stands.</param>
    /// <param name="exhausted">Whether the strategy has found no further action for the next step.</param>
    /// <param name="now">Written into new steps as the time of planning; decides nothing.</param>
    public static DriverDecision Decide(SearchSnapshot snapshot, bool exhausted, DateTimeOffset now)
    {
        var references = References(snapshot, now);
        var missing = references.Where(r => snapshot.Step(r.Id) is null).ToList();
        if (missing.Count > 0)
        {
            return new DriverDecision.Insert(missing);
        }

        var starts = references.Take(snapshot.StartModels.Count).Select(r => snapshot.Step(r.Id)!).ToList();
        if (starts[0] is { IsTerminal: true, State: not StepState.Scored } lost)
        {
            return new DriverDecision.Finish(SearchStatus.Failed, $"the base model could not be scored: {lost.Failure?.Reason ?? "cancelled"}");
        }

        var stop = exhausted ? "no further action is possible" : StopReason(snapshot);
        if (stop is null)
        {
            var next = snapshot.SearchSteps.Count + 1;
            var horizon = next - snapshot.Spec.Planner.StepsInFlight;
            return starts.All(s => s.IsTerminal) && snapshot.SearchSteps.All(s => s.Number > horizon || s.IsTerminal)
                ? new DriverDecision.Plan(LedgerView.For(snapshot, next))
                : new DriverDecision.Wait();
        }

        if (snapshot.Steps.Any(s => s.Role != StepRole.Final && !s.IsTerminal))
        {
            return new DriverDecision.Wait();
        }

        var finals = Finals(snapshot, now);
        if (snapshot.Steps.All(s => s.Role != StepRole.Final))
        {
            return new DriverDecision.Insert(finals);
        }

        var absent = finals.Where(f => snapshot.Step(f.Id) is null).ToList();
        return absent.Count > 0 ? new DriverDecision.Insert(absent)
            : snapshot.Steps.All(s => s.IsTerminal) ? new DriverDecision.Finish(SearchStatus.Completed, stop)
            : new DriverDecision.Wait();
    }

    /// <summary>Why no further step may be planned; null while one may.</summary>
    public static string? StopReason(SearchSnapshot snapshot)
    {
        var budget = snapshot.Spec.Budget;
        if (snapshot.SearchSteps.Count >= budget.Steps)
        {
            return string.Create(CultureInfo.InvariantCulture, $"all {budget.Steps} steps are done");
        }

        // What was written down stays: once a test was read, nothing more is planned, whatever the clock says.
        if (snapshot.Steps.Any(s => s.Role == StepRole.Final))
        {
            return "no further action was possible, or the budget was used up";
        }

        if (budget.WallTime is { } wall && snapshot.Search.ActiveSeconds >= wall.TotalSeconds)
        {
            return $"the wall time of {wall} is used up";
        }

        return budget.GpuHours is { } hours && snapshot.Steps.Sum(s => s.Seconds) >= hours * 3600
            ? string.Create(CultureInfo.InvariantCulture, $"the {hours} working hours are used up")
            : null;
    }

    /// <summary>The step that carries out a chosen action.</summary>
    public static StepRecord Step(SearchSnapshot snapshot, PipelineAction action, int number, string decidedBy, DateTimeOffset now) => Step(
        snapshot, StepRole.Search, number, action, ModelId.Format(snapshot.StartModels.Count + number), decidedBy, now);

    /// <summary>The best of the scored models of the whole ledger, as the search will name it at its end; null while the base has no score.</summary>
    public static ModelStanding? Best(SearchSnapshot snapshot) => ModelSelection.Best(Standings(snapshot));

    /// <summary>All scored models of the search (not the plain SFT reference) held against the base, oldest first.</summary>
    public static IReadOnlyList<ModelStanding> Standings(SearchSnapshot snapshot)
    {
        var tasks = snapshot.Spec.Tasks;
        var starts = snapshot.StartModels.Select((m, i) => (m.Id, Score: ScoreSummary.Aggregate(tasks, snapshot.Step(StepId.Format(StepRole.Reference, i + 1))?.Scores)));
        var made = snapshot.SearchSteps.Select(s => (Id: s.ModelId, Score: ScoreSummary.Aggregate(tasks, s.Scores)));
        var all = starts.Concat(made).ToList();
        return all[0].Score is not { } baseScore
            ? []
            : [.. all.Where(m => m.Score is not null).Select(m => ModelSelection.Judge(snapshot.Spec, m.Id, m.Score!, baseScore))];
    }

    /// <summary>The step of the plain SFT reference; null when the search has none.</summary>
    public static StepRecord? PlainSft(SearchSnapshot snapshot) => snapshot.Steps.FirstOrDefault(s => s.Role == StepRole.Reference && s.ModelId == ModelId.PlainSft);

    private static List<StepRecord> References(SearchSnapshot snapshot, DateTimeOffset now)
    {
        var steps = snapshot.StartModels
            .Select((m, i) => Step(snapshot, StepRole.Reference, i + 1, Evaluation(m.Id, EvaluationSplit.Validation), m.Id, "starting model", now))
            .ToList();
        if (snapshot.Spec.Reference is { } reference)
        {
            var action = new PipelineAction
            {
                Type = reference.Type,
                Kind = ActionKind.Train,
                Models = [snapshot.StartModels[0].Id],
                Datasets = reference.Datasets,
                Parameters = reference.Parameters,
            };
            steps.Add(Step(snapshot, StepRole.Reference, steps.Count + 1, action, ModelId.PlainSft, "reference: plain SFT on everything", now));
        }

        return steps;
    }

    private static List<StepRecord> Finals(SearchSnapshot snapshot, DateTimeOffset now)
    {
        var models = new List<(string Id, string Why)> { (snapshot.StartModels[0].Id, "test: base") };
        if (PlainSft(snapshot) is { State: StepState.Scored })
        {
            models.Add((ModelId.PlainSft, "test: plain SFT"));
        }

        if (Best(snapshot) is { } best && best.ModelId != models[0].Id)
        {
            models.Add((best.ModelId, "test: best"));
        }

        return [.. models.Select((m, i) => Step(snapshot, StepRole.Final, i + 1, Evaluation(m.Id, EvaluationSplit.Test), m.Id, m.Why, now))];
    }

    private static PipelineAction Evaluation(string modelId, EvaluationSplit split) => new()
    {
        Type = PipelineAction.EvaluateType,
        Kind = ActionKind.Evaluate,
        Models = [modelId],
        Split = split,
    };

    private static StepRecord Step(
        SearchSnapshot snapshot, StepRole role, int number, PipelineAction action, string modelId, string decidedBy, DateTimeOffset now) => new()
        {
            SearchId = snapshot.Search.Id,
            Id = StepId.Format(role, number),
            Number = number,
            Role = role,
            Action = action,
            ActionKey = snapshot.KeyOf(action),
            Seed = snapshot.TrainingSeed,
            DataFraction = snapshot.Spec.DataFraction,
            ModelId = modelId,
            DecidedBy = decidedBy,
            PlannedAt = now,
        };
}
