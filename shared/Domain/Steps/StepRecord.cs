using System.Text.Json.Serialization;
using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Scores;

namespace LamdAgent.Domain.Steps;

/// <summary>
/// A line of the ledger: one action, its seed and fidelity, and what came of it. What is decided (up to <see cref="PlannedAt"/>) is written once by
/// the planner; the rest changes only by the atomic operations of the run store.
/// </summary>
public sealed record StepRecord
{
    /// <summary>The search.</summary>
    public required string SearchId { get; init; }

    /// <summary>Unique in the search: <c>s-0001</c>.</summary>
    public required string Id { get; init; }

    /// <summary>Position among the steps of its role, from 1.</summary>
    public required int Number { get; init; }

    /// <summary>Why it is there.</summary>
    public required StepRole Role { get; init; }

    /// <summary>The action.</summary>
    public required PipelineAction Action { get; init; }

    /// <summary>Identity of the work (<see cref="Actions.ActionKey"/>).</summary>
    public required string ActionKey { get; init; }

    /// <summary>Seed of the training.</summary>
    public required long Seed { get; init; }

    /// <summary>Share of the training data, 0 to 1.</summary>
    public double DataFraction { get; init; } = 1;

    /// <summary>The id that the new model gets; for an evaluate-only step the model to score.</summary>
    public required string ModelId { get; init; }

    /// <summary>How the choice was made, for people: <c>random</c>, <c>greedy: extend best m-0004</c>, <c>llm</c>, <c>llm fallback: endpoint down</c>.</summary>
    public string DecidedBy { get; init; } = "";

    /// <summary>When it was written.</summary>
    public required DateTimeOffset PlannedAt { get; init; }

    /// <summary>Trace context (W3C) of the step, given when it is planned, so that the work of all services on it is one trace; null when nobody listened.</summary>
    public string? TraceParent { get; init; }

    /// <summary>Where it is.</summary>
    public StepState State { get; init; } = StepState.Planned;

    /// <summary>When the command of the current stage was last sent; null when it never was.</summary>
    public DateTimeOffset? DispatchedAt { get; init; }

    /// <summary>How often the current stage was claimed.</summary>
    public int Attempt { get; init; }

    /// <summary>Grows with every claim of the step; only writes that carry the current value are accepted.</summary>
    public long FencingToken { get; init; }

    /// <summary>Who holds the claim; null when nobody does.</summary>
    public string? LeaseHolder { get; init; }

    /// <summary>Until when, unless renewed.</summary>
    public DateTimeOffset? LeaseUntil { get; init; }

    /// <summary>The last heartbeat's progress.</summary>
    public StepProgress? Progress { get; init; }

    /// <summary>The model it made; null before <see cref="StepState.Produced"/> and for evaluate-only steps.</summary>
    public ProducedModel? Product { get; init; }

    /// <summary>When <see cref="Product"/> was accepted.</summary>
    public DateTimeOffset? ProducedAt { get; init; }

    /// <summary>A score per task; null unless <see cref="StepState.Scored"/>.</summary>
    public IReadOnlyList<TaskScore>? Scores { get; init; }

    /// <summary>Why it failed; null unless <see cref="StepState.Failed"/>.</summary>
    public StepFailure? Failure { get; init; }

    /// <summary>Working seconds of the accepted attempt that made the model.</summary>
    public double ProduceSeconds { get; init; }

    /// <summary>Working seconds of the accepted evaluation.</summary>
    public double EvaluateSeconds { get; init; }

    /// <summary>When it came to its end.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Counts writes; grows with every change.</summary>
    public long Version { get; init; }

    /// <summary>The stage that is due next, or null when the step has ended.</summary>
    [JsonIgnore]
    public StepStage? DueStage =>
        IsTerminal ? null
        : Action.Kind == ActionKind.Evaluate || State >= StepState.Produced ? StepStage.Evaluate
        : Action.Kind == ActionKind.Merge ? StepStage.Merge
        : StepStage.Train;

    /// <summary>Whether the step has ended.</summary>
    [JsonIgnore]
    public bool IsTerminal => StepStateMachine.IsTerminal(State);

    /// <summary>Working seconds altogether.</summary>
    [JsonIgnore]
    public double Seconds => ProduceSeconds + EvaluateSeconds;
}
