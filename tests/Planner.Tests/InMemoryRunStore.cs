using LamdAgent.Domain.Models;
using LamdAgent.Domain.Planning;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;
using LamdAgent.Storage;

namespace LamdAgent.Planner.Tests;

/// <summary>The run store's rules over dictionaries, for tests of what is built on it. The real stores have their own contract suite.</summary>
internal sealed class InMemoryRunStore : IRunStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, SearchRecord> _searches = [];
    private readonly Dictionary<string, StepRecord> _steps = [];
    private readonly Dictionary<string, ModelRecord> _models = [];
    private readonly Dictionary<string, EvaluationRecord> _evaluations = [];
    private readonly Dictionary<string, MemoryEntry> _memory = [];
    private readonly Dictionary<string, PlannerCall> _calls = [];

    public Task InitializeAsync(CancellationToken cancellation) => Task.CompletedTask;

    public Task<bool> CreateSearchAsync(SearchRecord search, CancellationToken cancellation) => Locked(() => _searches.TryAdd(search.Id, search));

    public Task<SearchRecord?> GetSearchAsync(string searchId, CancellationToken cancellation) => Locked(() => _searches.GetValueOrDefault(searchId));

    public Task<IReadOnlyList<SearchRecord>> ListSearchesAsync(SearchStatus? status, CancellationToken cancellation) =>
        Locked<IReadOnlyList<SearchRecord>>(() => [.. _searches.Values.Where(s => status is null || s.Status == status)]);

    public Task<bool> ChangeSearchStatusAsync(
        string searchId, IReadOnlyList<SearchStatus> from, SearchStatus to, string? reason, DateTimeOffset now, CancellationToken cancellation) => Locked(() =>
        {
            if (!from.Contains(_searches[searchId].Status))
            {
                return false;
            }

            _searches[searchId] = _searches[searchId] with { Status = to, StatusReason = reason, FinishedAt = to is SearchStatus.Running or SearchStatus.Paused ? null : now };
            return true;
        });

    public Task<long?> AcquirePlannerAsync(string searchId, string owner, DateTimeOffset now, DateTimeOffset until, CancellationToken cancellation) => Locked<long?>(() =>
    {
        var s = _searches[searchId];
        if (s.PlannerOwner is not null && s.PlannerOwner != owner && s.PlannerUntil > now)
        {
            return null;
        }

        var token = s.PlannerOwner == owner ? s.PlannerToken : s.PlannerToken + 1;
        _searches[searchId] = s with { PlannerOwner = owner, PlannerUntil = until, PlannerToken = token };
        return token;
    });

    public Task<bool> AddActiveSecondsAsync(string searchId, long plannerToken, double seconds, CancellationToken cancellation) => Locked(() =>
    {
        var s = _searches[searchId];
        if (s.PlannerToken != plannerToken)
        {
            return false;
        }

        _searches[searchId] = s with { ActiveSeconds = s.ActiveSeconds + seconds };
        return true;
    });

    public Task ReleasePlannerAsync(string searchId, long plannerToken, CancellationToken cancellation) => Locked(() =>
    {
        if (_searches[searchId].PlannerToken == plannerToken)
        {
            _searches[searchId] = _searches[searchId] with { PlannerOwner = null, PlannerUntil = null };
        }

        return true;
    });

    public Task<bool> InsertStepAsync(StepRecord step, CancellationToken cancellation) => Locked(() => _steps.TryAdd(StepId.Key(step.SearchId, step.Id), step));

    public Task<StepRecord?> GetStepAsync(string searchId, string stepId, CancellationToken cancellation) =>
        Locked(() => _steps.GetValueOrDefault(StepId.Key(searchId, stepId)));

    public Task<IReadOnlyList<StepRecord>> ListStepsAsync(string searchId, CancellationToken cancellation) => Locked<IReadOnlyList<StepRecord>>(() =>
        [.. _steps.Values.Where(s => s.SearchId == searchId).OrderBy(s => LedgerOrder.Of(s.Role)).ThenBy(s => s.Number)]);

    public async Task<IReadOnlyList<StepRecord>> ListOpenStepsAsync(string searchId, CancellationToken cancellation) =>
        [.. (await ListStepsAsync(searchId, cancellation)).Where(s => !s.IsTerminal)];

    public Task<bool> MarkDispatchedAsync(string searchId, string stepId, StepStage stage, DateTimeOffset now, CancellationToken cancellation) =>
        Change(searchId, stepId, s => s.DueStage == stage && !Leased(s, now)
            ? s with { DispatchedAt = now, State = s.State == StepState.Planned ? StepState.Dispatched : s.State }
            : null);

    public Task<ClaimAnswer> ClaimStepAsync(
        string searchId, string stepId, StepStage stage, string worker, DateTimeOffset now, DateTimeOffset leaseUntil, CancellationToken cancellation) => Locked(() =>
        {
            var step = _steps.GetValueOrDefault(StepId.Key(searchId, stepId));
            if (step is null)
            {
                return new ClaimAnswer(ClaimOutcome.NotFound, null, null);
            }

            if (step.DueStage != stage)
            {
                return new ClaimAnswer(ClaimOutcome.AlreadyDone, null, step);
            }

            if (Leased(step, now))
            {
                return new ClaimAnswer(ClaimOutcome.Held, null, step);
            }

            step = step with
            {
                State = StepStateMachine.WorkingState(stage),
                LeaseHolder = worker,
                LeaseUntil = leaseUntil,
                Attempt = step.Attempt + 1,
                FencingToken = step.FencingToken + 1,
                Progress = null,
            };
            _steps[StepId.Key(searchId, stepId)] = step;
            return new ClaimAnswer(ClaimOutcome.Claimed, new StepClaim(searchId, stepId, stage, worker, step.FencingToken, step.Attempt), step);
        });

    public Task<HeartbeatAnswer> HeartbeatAsync(StepClaim claim, StepProgress? progress, DateTimeOffset leaseUntil, CancellationToken cancellation) => Locked(() =>
    {
        var key = StepId.Key(claim.SearchId, claim.StepId);
        if (_steps[key].State == StepState.Cancelled)
        {
            return HeartbeatAnswer.Cancelled;
        }

        if (_steps[key].FencingToken != claim.FencingToken)
        {
            return HeartbeatAnswer.Lost;
        }

        _steps[key] = _steps[key] with { LeaseUntil = leaseUntil, Progress = progress };
        return HeartbeatAnswer.Continue;
    });

    public Task<bool> CompleteProductionAsync(StepClaim claim, ProducedModel product, double seconds, DateTimeOffset now, CancellationToken cancellation) =>
        Fenced(claim, s => s.DueStage == StepStage.Evaluate ? null : s with
        {
            State = StepState.Produced,
            Product = product,
            ProducedAt = now,
            ProduceSeconds = seconds,
            LeaseHolder = null,
            LeaseUntil = null,
            Attempt = 0,
            Progress = null,
            DispatchedAt = null,
        });

    public Task<bool> CompleteEvaluationAsync(StepClaim claim, IReadOnlyList<TaskScore> scores, double seconds, DateTimeOffset now, CancellationToken cancellation) =>
        Fenced(claim, s => s with { State = StepState.Scored, Scores = scores, EvaluateSeconds = seconds, FinishedAt = now, LeaseHolder = null, LeaseUntil = null });

    public Task<bool> FailStepAsync(StepClaim claim, StepFailure failure, double seconds, DateTimeOffset now, CancellationToken cancellation) =>
        Fenced(claim, s => s with { State = StepState.Failed, Failure = failure, FinishedAt = now, LeaseHolder = null, LeaseUntil = null });

    public Task<bool> FailUnclaimedStepAsync(string searchId, string stepId, StepFailure failure, DateTimeOffset now, CancellationToken cancellation) =>
        Change(searchId, stepId, s => s.IsTerminal || Leased(s, now) ? null : s with { State = StepState.Failed, Failure = failure, FinishedAt = now });

    public Task<bool> ReleaseStepAsync(StepClaim claim, bool countsAsAttempt, CancellationToken cancellation) =>
        Fenced(claim, s => s with { LeaseHolder = null, LeaseUntil = null, DispatchedAt = null, Attempt = countsAsAttempt ? s.Attempt : s.Attempt - 1 });

    public Task<bool> CancelStepAsync(string searchId, string stepId, DateTimeOffset now, CancellationToken cancellation) =>
        Change(searchId, stepId, s => s.IsTerminal ? null : s with { State = StepState.Cancelled, FencingToken = s.FencingToken + 1, FinishedAt = now });

    public Task<IReadOnlyList<StepRecord>> ListDueStepsAsync(StepStage stage, DateTimeOffset now, CancellationToken cancellation) => Locked<IReadOnlyList<StepRecord>>(() =>
    [
        .. _steps.Values.Where(s => s.DueStage == stage && s.DispatchedAt is not null && !Leased(s, now) && _searches[s.SearchId].Status == SearchStatus.Running)
            .OrderByDescending(s => _searches[s.SearchId].Priority).ThenBy(s => s.DispatchedAt),
    ]);

    public Task<bool> InsertModelAsync(ModelRecord model, CancellationToken cancellation) => Locked(() => _models.TryAdd($"{model.SearchId}/{model.Id}", model));

    public Task<ModelRecord?> GetModelAsync(string searchId, string modelId, CancellationToken cancellation) => Locked(() => _models.GetValueOrDefault($"{searchId}/{modelId}"));

    public Task<IReadOnlyList<ModelRecord>> ListModelsAsync(string searchId, CancellationToken cancellation) =>
        Locked<IReadOnlyList<ModelRecord>>(() => [.. _models.Values.Where(m => m.SearchId == searchId).OrderBy(m => m.Id, StringComparer.Ordinal)]);

    public Task<bool> MarkModelPrunedAsync(string searchId, string modelId, DateTimeOffset now, CancellationToken cancellation) => Locked(() =>
    {
        if (_models.GetValueOrDefault($"{searchId}/{modelId}") is not { PrunedAt: null } model)
        {
            return false;
        }

        _models[$"{searchId}/{modelId}"] = model with { PrunedAt = now };
        return true;
    });

    public Task PutEvaluationAsync(EvaluationRecord evaluation, CancellationToken cancellation) => Locked(() =>
    {
        _evaluations[StepId.Key(evaluation.SearchId, evaluation.StepId)] = evaluation;
        return true;
    });

    public Task<IReadOnlyList<EvaluationRecord>> ListEvaluationsAsync(string searchId, CancellationToken cancellation) =>
        Locked<IReadOnlyList<EvaluationRecord>>(() => [.. _evaluations.Values.Where(e => e.SearchId == searchId)]);

    public Task AppendMetricsAsync(string searchId, string stepId, IReadOnlyList<MetricPoint> points, CancellationToken cancellation) => Task.CompletedTask;

    public Task<IReadOnlyList<MetricPoint>> ListMetricsAsync(string searchId, string stepId, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<MetricPoint>>([]);

    public Task<bool> InsertMemoryAsync(MemoryEntry entry, CancellationToken cancellation) => Locked(() => _memory.TryAdd(StepId.Key(entry.SearchId, entry.StepId), entry));

    public Task<IReadOnlyList<MemoryEntry>> ListMemoryAsync(string searchId, CancellationToken cancellation) =>
        Locked<IReadOnlyList<MemoryEntry>>(() => [.. _memory.Values.Where(m => m.SearchId == searchId).OrderBy(m => m.StepId, StringComparer.Ordinal)]);

    public Task<bool> InsertPlannerCallAsync(PlannerCall call, CancellationToken cancellation) =>
        Locked(() => _calls.TryAdd($"{call.SearchId}/{call.StepId}/{call.Purpose}/{call.Attempt}", call));

    public Task<IReadOnlyList<PlannerCall>> ListPlannerCallsAsync(string searchId, string? stepId, CancellationToken cancellation) =>
        Locked<IReadOnlyList<PlannerCall>>(() =>
            [.. _calls.Values.Where(c => c.SearchId == searchId && (stepId is null || c.StepId == stepId)).OrderBy(c => c.StepId, StringComparer.Ordinal).ThenBy(c => c.Purpose).ThenBy(c => c.Attempt)]);

    private static bool Leased(StepRecord step, DateTimeOffset now) => step.LeaseHolder is not null && step.LeaseUntil > now;

    private Task<bool> Fenced(StepClaim claim, Func<StepRecord, StepRecord?> change) =>
        Change(claim.SearchId, claim.StepId, s => s.IsTerminal || s.FencingToken != claim.FencingToken || s.LeaseHolder is null ? null : change(s));

    private Task<bool> Change(string searchId, string stepId, Func<StepRecord, StepRecord?> change) => Locked(() =>
    {
        var key = StepId.Key(searchId, stepId);
        if (change(_steps[key]) is not { } next)
        {
            return false;
        }

        _steps[key] = next with { Version = next.Version + 1 };
        return true;
    });

    private Task<T> Locked<T>(Func<T> action)
    {
        lock (_lock)
        {
            return Task.FromResult(action());
        }
    }
}
