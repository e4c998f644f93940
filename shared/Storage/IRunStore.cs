using LamdAgent.Domain.Models;
using LamdAgent.Domain.Planning;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Storage;

/// <summary>
/// The truth about searches. Messages are hints; whoever acts reads here first and writes here first. Every operation changes at most one document,
/// by a condition and a write that are one atomic action, so it exists equally on SQLite and on a MongoDB without transactions. Inserts have natural keys and
/// answer false when the key is there: doing something twice is doing it once. Times come from the caller's clock.
/// A store that cannot be reached throws; it never answers "nothing".
/// </summary>
public interface IRunStore
{
    /// <summary>Makes or checks schema and indexes. Called once at start.</summary>
    Task InitializeAsync(CancellationToken cancellation);

    // ---- searches

    /// <summary>Inserts a search; false when the id is taken.</summary>
    Task<bool> CreateSearchAsync(SearchRecord search, CancellationToken cancellation);

    /// <summary>The search, or null when there is none.</summary>
    Task<SearchRecord?> GetSearchAsync(string searchId, CancellationToken cancellation);

    /// <summary>All searches, newest first; with a status only those.</summary>
    Task<IReadOnlyList<SearchRecord>> ListSearchesAsync(SearchStatus? status, CancellationToken cancellation);

    /// <summary>Sets the status if the present one is among <paramref name="from"/>; sets <c>FinishedAt</c> for ends. False when it was not.</summary>
    Task<bool> ChangeSearchStatusAsync(
        string searchId, IReadOnlyList<SearchStatus> from, SearchStatus to, string? reason, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// Takes or prolongs the right to drive a search: succeeds when nobody holds it, its time is over, or <paramref name="owner"/> holds it already (then the
    /// token stays). Null when another planner holds it.
    /// </summary>
    Task<long?> AcquirePlannerAsync(string searchId, string owner, DateTimeOffset now, DateTimeOffset until, CancellationToken cancellation);

    /// <summary>Adds to <c>ActiveSeconds</c>; false when the token is not the current one.</summary>
    Task<bool> AddActiveSecondsAsync(string searchId, long plannerToken, double seconds, CancellationToken cancellation);

    /// <summary>Gives the right back; nothing happens when the token is not the current one.</summary>
    Task ReleasePlannerAsync(string searchId, long plannerToken, CancellationToken cancellation);

    // ---- steps

    /// <summary>Inserts a step; false when the search has a step with this id (the present one stays).</summary>
    Task<bool> InsertStepAsync(StepRecord step, CancellationToken cancellation);

    /// <summary>The step, or null when there is none.</summary>
    Task<StepRecord?> GetStepAsync(string searchId, string stepId, CancellationToken cancellation);

    /// <summary>All steps of a search, ordered by role (reference, search, final), then number.</summary>
    Task<IReadOnlyList<StepRecord>> ListStepsAsync(string searchId, CancellationToken cancellation);

    /// <summary>The steps of a search that have not ended, in the same order.</summary>
    Task<IReadOnlyList<StepRecord>> ListOpenStepsAsync(string searchId, CancellationToken cancellation);

    /// <summary>
    /// Notes that the command of a stage is about to be sent: sets <c>DispatchedAt</c> and moves <c>Planned</c> to <c>Dispatched</c> (other states stay). Accepted only when the
    /// stage is due (<see cref="StepRecord.DueStage"/>) and no lease is live at <paramref name="now"/>; false otherwise.
    /// </summary>
    Task<bool> MarkDispatchedAsync(string searchId, string stepId, StepStage stage, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>
    /// Claims a stage: possible when it is due and no lease is live at <paramref name="now"/> (a worker's own live lease counts as live: a worker claims once per
    /// delivery). Sets holder and lease end, state <c>Running</c> or <c>Evaluating</c>, adds one to attempt and fencing token, clears progress.
    /// </summary>
    Task<ClaimAnswer> ClaimStepAsync(
        string searchId, string stepId, StepStage stage, string worker, DateTimeOffset now, DateTimeOffset leaseUntil, CancellationToken cancellation);

    /// <summary>Prolongs the lease and notes the progress, when the token is current.</summary>
    Task<HeartbeatAnswer> HeartbeatAsync(StepClaim claim, StepProgress? progress, DateTimeOffset leaseUntil, CancellationToken cancellation);

    /// <summary>
    /// Ends the training or merge: state <c>Produced</c>; product, time and seconds noted; lease, attempt, progress and <c>DispatchedAt</c> cleared for the evaluation. This is the
    /// commit: the model's record (<see cref="ModelRecord.FromStep"/>) is inserted after it. False when the token is not current or the step has gone further: the
    /// result is dropped.
    /// </summary>
    Task<bool> CompleteProductionAsync(StepClaim claim, ProducedModel product, double seconds, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Ends the evaluation: state <c>Scored</c> with these scores. False when the token is not current.</summary>
    Task<bool> CompleteEvaluationAsync(
        StepClaim claim, IReadOnlyList<TaskScore> scores, double seconds, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Ends the step as failed. False when the token is not current.</summary>
    Task<bool> FailStepAsync(StepClaim claim, StepFailure failure, double seconds, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Ends a step as failed without a claim, when no lease is live (retries used up, command in the error queue). False when it has ended or is held.</summary>
    Task<bool> FailUnclaimedStepAsync(string searchId, string stepId, StepFailure failure, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Gives a claim back unfinished: lease cleared, <c>DispatchedAt</c> cleared so that it is sent again at once. False when the token is not current.</summary>
    /// <param name="claim">The claim.</param>
    /// <param name="countsAsAttempt">True after an unexpected error; false when the worker only had to stop (it drains, or was killed and is known to be dead): stopping often must not fail a step.</param>
    /// <param name="cancellation">Stops waiting.</param>
    Task<bool> ReleaseStepAsync(StepClaim claim, bool countsAsAttempt, CancellationToken cancellation);

    /// <summary>Ends a step as cancelled, whoever holds it (the token grows, so that a running worker's result is refused). False when it has ended.</summary>
    Task<bool> CancelStepAsync(string searchId, string stepId, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Steps of running searches whose command for this stage was sent and that nobody holds at <paramref name="now"/>: those of the highest priority first, then those that wait longest.</summary>
    Task<IReadOnlyList<StepRecord>> ListDueStepsAsync(StepStage stage, DateTimeOffset now, CancellationToken cancellation);

    // ---- models and evaluations

    /// <summary>Inserts a model; false when there is one with this id (natural key search + model).</summary>
    Task<bool> InsertModelAsync(ModelRecord model, CancellationToken cancellation);

    /// <summary>The model, or null when there is none.</summary>
    Task<ModelRecord?> GetModelAsync(string searchId, string modelId, CancellationToken cancellation);

    /// <summary>All models of a search by id.</summary>
    Task<IReadOnlyList<ModelRecord>> ListModelsAsync(string searchId, CancellationToken cancellation);

    /// <summary>Notes that the weights of a model are given up, before they are deleted. False when there is no such model or it was noted before.</summary>
    Task<bool> MarkModelPrunedAsync(string searchId, string modelId, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Writes an evaluation in full (natural key search + step; a later attempt replaces an earlier one).</summary>
    Task PutEvaluationAsync(EvaluationRecord evaluation, CancellationToken cancellation);

    /// <summary>All evaluations of a search by step.</summary>
    Task<IReadOnlyList<EvaluationRecord>> ListEvaluationsAsync(string searchId, CancellationToken cancellation);

    /// <summary>Writes points of a training curve (natural key search + step + optimizer step; later writes replace).</summary>
    Task AppendMetricsAsync(string searchId, string stepId, IReadOnlyList<MetricPoint> points, CancellationToken cancellation);

    /// <summary>The training curve of a step by optimizer step.</summary>
    Task<IReadOnlyList<MetricPoint>> ListMetricsAsync(string searchId, string stepId, CancellationToken cancellation);

    // ---- the agent

    /// <summary>Inserts the memory that a step is planned with; false when there is one (natural key search + step).</summary>
    Task<bool> InsertMemoryAsync(MemoryEntry entry, CancellationToken cancellation);

    /// <summary>All memories of a search by step.</summary>
    Task<IReadOnlyList<MemoryEntry>> ListMemoryAsync(string searchId, CancellationToken cancellation);

    /// <summary>Inserts a call; false when there is one (natural key search + step + purpose + attempt).</summary>
    Task<bool> InsertPlannerCallAsync(PlannerCall call, CancellationToken cancellation);

    /// <summary>All calls of a search by step, purpose (memory, action type, objects) and attempt; with a step only that step's.</summary>
    Task<IReadOnlyList<PlannerCall>> ListPlannerCallsAsync(string searchId, string? stepId, CancellationToken cancellation);
}
