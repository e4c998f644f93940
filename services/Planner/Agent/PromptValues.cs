using System.Globalization;
using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Specs;
using LamdAgent.Domain.Steps;
using LamdAgent.Planner.Searches;

namespace LamdAgent.Planner.Agent;

/// <summary>
/// Fills the prompts from a view. What goes in: ids, numbers, and what the spec's author wrote (goal, descriptions). What does not: rows of datasets, logs, answers of models, reasons of
/// failures (they may quote data).
/// </summary>
public static class PromptValues
{
    /// <summary>Older models and steps are left out of the prompt beyond this many; the best models always stay.</summary>
    private const int ListLimit = 40;

    /// <summary>The fields that all prompts share.</summary>
    public static Dictionary<string, string> Common(LedgerView view, string memory) => new(StringComparer.Ordinal)
    {
        ["goal"] = view.Spec.Goal.Length > 0 ? view.Spec.Goal : "Raise the total score.",
        ["tasks"] = Tasks(view.Spec),
        ["memory"] = memory.Length > 0 ? memory : "Nothing yet.",
        ["models"] = Models(view),
        ["history"] = History(view),
        ["step"] = view.StepNumber.ToString(CultureInfo.InvariantCulture),
        ["steps"] = view.Spec.Budget.Steps.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>Action types with what is open in each.</summary>
    public static string Types(LedgerView view, IReadOnlyList<ActionSpec> types) => string.Join('\n', types.Select(t =>
        $"- {t.Type}: {t.Description}; {(t.Kind == ActionKind.Train ? "a training" : "a merge")}, up to {view.Space.UpperBound(t).ToString(CultureInfo.InvariantCulture)} combinations"));

    /// <summary>The objects of a type.</summary>
    public static string Objects(LedgerView view, ActionSpec type)
    {
        var sets = "Hyper-parameters:\n" + string.Join('\n', type.ParameterSets.Select(s =>
            $"- {s.Id}: {(s.Values.Count == 0 ? "defaults" : s.Describe())}{(s.ModelCount is { } n ? string.Create(CultureInfo.InvariantCulture, $" (for {n} models, in this order)") : "")}"));
        if (type.Kind == ActionKind.Merge)
        {
            return $"Take {string.Join(" or ", type.ModelCounts)} different models from the list above.\n{sets}";
        }

        var datasets = "Datasets:\n" + string.Join('\n', view.Spec.Datasets.Where(d => type.Datasets.Contains(d.Id)).Select(d =>
            d.Description.Length > 0 ? $"- {d.Id}: {OneLine(d.Description)}" : $"- {d.Id}"));
        return $"Take one model from the list above, one dataset and one set of hyper-parameters.\n{datasets}\n{sets}";
    }

    /// <summary>The form of the second answer.</summary>
    public static string AnswerForm(ActionSpec type) => type.Kind == ActionKind.Merge
        ? """{"reason": "...", "models": ["m-....", "m-...."], "parameters": "h."}"""
        : """{"reason": "...", "model": "m-....", "dataset": "...", "parameters": "h."}""";

    /// <summary>Steps with their scores and the change against their best parent.</summary>
    public static string Results(LedgerView view, IEnumerable<StepRecord> steps) => string.Join('\n', steps.Select(s => $"- {Describe(view, s)}"));

    private static string Tasks(SearchSpec spec) => string.Join('\n', spec.Tasks.Select(t =>
        string.Create(CultureInfo.InvariantCulture, $"- {t.Id}: weight {t.Weight}")
        + (t.Scale != 1 ? string.Create(CultureInfo.InvariantCulture, $", scaled by {t.Scale}") : "")
        + (spec.RegressionLimit(t) is { } limit ? string.Create(CultureInfo.InvariantCulture, $", may lose at most {limit} against the first model") : "")));

    private static string Models(LedgerView view)
    {
        var standings = view.Standings().ToDictionary(s => s.ModelId, StringComparer.Ordinal);
        var best = standings.Values.OrderByDescending(s => s.Score.Score).Take(ListLimit / 2).Select(s => s.ModelId).ToHashSet(StringComparer.Ordinal);
        var shown = view.Pool.Where((m, i) => i == 0 || i >= view.Pool.Count - ListLimit / 2 || best.Contains(m.Id)).ToList();
        var lines = shown.Select(m =>
        {
            var made = m.Step is null ? "given at the start" : Made(view, m.Step.Action);
            var score = m.Score is null ? "no score" : Score(m.Score);
            var lost = standings.TryGetValue(m.Id, out var standing) && !standing.IsEligible
                ? $"; loses too much on {string.Join(", ", standing.Regressions.Select(r => r.TaskId))}"
                : "";
            return $"- {m.Id}: {score}{lost}; {made}";
        });
        var left = view.Pool.Count - shown.Count;
        return string.Join('\n', lines) + (left > 0 ? string.Create(CultureInfo.InvariantCulture, $"\n({left} older models with lower scores are not listed but may be used)") : "");
    }

    private static string History(LedgerView view)
    {
        var lines = view.Seen.TakeLast(ListLimit).Select(s => $"- {Describe(view, s)}")
            .Concat(view.Pending.Select(a => $"- under way: {Made(view, a)}")).ToList();
        return lines.Count == 0 ? "None." : string.Join('\n', lines);
    }

    private static string Describe(LedgerView view, StepRecord step)
    {
        var head = $"{step.Id}: {Made(view, step.Action)}";
        if (step.State != StepState.Scored || ScoreSummary.Aggregate(view.Spec.Tasks, step.Scores) is not { } score)
        {
            return $"{head} -> failed ({(step.Failure is null ? "cancelled" : Words(step.Failure.Kind))})";
        }

        var parents = view.Pool.Where(m => step.Action.Models.Contains(m.Id) && m.Score is not null).ToList();
        var change = parents.Count == 0
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $", {score.Score - parents.Max(p => p.Score!.Score):+0.000;-0.000;0.000} against its best input");
        return $"{head} -> {step.ModelId}: {Score(score)}{change}";
    }

    private static string Made(LedgerView view, PipelineAction action)
    {
        var type = view.Space.Type(action.Type);
        var set = type.ParameterSets.FirstOrDefault(s => s.Values.Count == action.Parameters.Count && s.Values.All(v => action.Parameters.TryGetValue(v.Key, out var x) && x == v.Value));
        return $"{action.Type}({string.Join(", ", action.Models.Concat(action.Datasets))}{(set is null ? "" : $"; {set.Id}")})";
    }

    private static string Score(ScoreSummary score) => $"total {ScoreText.Of(score.Score, score.StandardError)}"
        + $" ({string.Join(", ", score.Tasks.Select(t => $"{t.TaskId} {ScoreText.Of(t.Score, t.StandardError)}"))})";

    private static string Words(StepFailureKind kind) => kind switch
    {
        StepFailureKind.TrainingRejected => "the training was refused",
        StepFailureKind.TrainingDiverged => "the training diverged",
        StepFailureKind.MergeRejected => "these models cannot be merged this way",
        StepFailureKind.EvaluationRejected => "the model could not be scored",
        _ => "an error of the machinery",
    };

    private static string OneLine(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}
