using LamdAgent.Domain.Models;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;
using LamdAgent.Storage.Documents;

namespace LamdAgent.Storage;

/// <summary>The steps of <see cref="DocumentRunStore"/>; the rules are in <see cref="StepTransitions"/>.</summary>
internal sealed partial class DocumentRunStore
{
    public Task<bool> InsertStepAsync(StepRecord step, CancellationToken cancellation) =>
        documents.InsertAsync(CollectionNames.Steps, Document(step with { Version = 1 }), cancellation);

    public async Task<StepRecord?> GetStepAsync(string searchId, string stepId, CancellationToken cancellation) =>
        await documents.FindAsync(CollectionNames.Steps, StepId.Key(searchId, stepId), cancellation) is { } found ? DocumentJson.Read<StepRecord>(found) : null;

    public Task<IReadOnlyList<StepRecord>> ListStepsAsync(string searchId, CancellationToken cancellation) =>
        ListAsync<StepRecord>(CollectionNames.Steps, searchId, null, cancellation);

    public async Task<IReadOnlyList<StepRecord>> ListOpenStepsAsync(string searchId, CancellationToken cancellation) =>
        [.. (await documents.ListOpenAsync(CollectionNames.Steps, searchId, cancellation)).Select(DocumentJson.Read<StepRecord>)];

    public async Task<bool> MarkDispatchedAsync(string searchId, string stepId, StepStage stage, DateTimeOffset now, CancellationToken cancellation) =>
        (await ChangeStepAsync(searchId, stepId, step => StepTransitions.Dispatch(step, stage, now), cancellation)).Changed;

    public async Task<ClaimAnswer> ClaimStepAsync(
        string searchId, string stepId, StepStage stage, string worker, DateTimeOffset now, DateTimeOffset leaseUntil, CancellationToken cancellation)
    {
        var (step, changed) = await ChangeStepAsync(searchId, stepId, before => StepTransitions.Claim(before, stage, worker, now, leaseUntil), cancellation);
        return step is null ? new ClaimAnswer(ClaimOutcome.NotFound, null, null)
            : changed ? new ClaimAnswer(ClaimOutcome.Claimed, new StepClaim(searchId, stepId, stage, worker, step.FencingToken, step.Attempt), step)
            : new ClaimAnswer(StepTransitions.ClaimOutcome(step, stage, now), null, step);
    }

    public async Task<HeartbeatAnswer> HeartbeatAsync(StepClaim claim, StepProgress? progress, DateTimeOffset leaseUntil, CancellationToken cancellation)
    {
        if (await GetSearchAsync(claim.SearchId, cancellation) is { Status: SearchStatus.Cancelled })
        {
            return HeartbeatAnswer.Cancelled;
        }

        var (step, changed) = await ChangeStepAsync(claim, before => StepTransitions.Heartbeat(before, claim, progress, leaseUntil), cancellation);
        return changed ? HeartbeatAnswer.Continue
            : step?.State == StepState.Cancelled ? HeartbeatAnswer.Cancelled
            : HeartbeatAnswer.Lost;
    }

    public async Task<bool> CompleteProductionAsync(StepClaim claim, ProducedModel product, double seconds, DateTimeOffset now, CancellationToken cancellation) =>
        (await ChangeStepAsync(claim, step => StepTransitions.Produce(step, claim, product, seconds, now), cancellation)).Changed;

    public async Task<bool> CompleteEvaluationAsync(
        StepClaim claim, IReadOnlyList<TaskScore> scores, double seconds, DateTimeOffset now, CancellationToken cancellation) =>
        (await ChangeStepAsync(claim, step => StepTransitions.Score(step, claim, scores, seconds, now), cancellation)).Changed;

    public async Task<bool> FailStepAsync(StepClaim claim, StepFailure failure, double seconds, DateTimeOffset now, CancellationToken cancellation) =>
        (await ChangeStepAsync(claim, step => StepTransitions.Fail(step, claim, failure, seconds, now), cancellation)).Changed;

    public async Task<bool> FailUnclaimedStepAsync(
        string searchId, string stepId, StepFailure failure, DateTimeOffset now, CancellationToken cancellation) =>
        (await ChangeStepAsync(searchId, stepId, step => StepTransitions.FailUnclaimed(step, failure, now), cancellation)).Changed;

    public async Task<bool> ReleaseStepAsync(StepClaim claim, bool countsAsAttempt, CancellationToken cancellation) =>
        (await ChangeStepAsync(claim, step => StepTransitions.Release(step, claim, countsAsAttempt), cancellation)).Changed;

    public async Task<bool> CancelStepAsync(string searchId, string stepId, DateTimeOffset now, CancellationToken cancellation) =>
        (await ChangeStepAsync(searchId, stepId, step => StepTransitions.Cancel(step, now), cancellation)).Changed;

    public async Task<IReadOnlyList<StepRecord>> ListDueStepsAsync(StepStage stage, DateTimeOffset now, CancellationToken cancellation)
    {
        var running = (await ListSearchesAsync(SearchStatus.Running, cancellation)).ToDictionary(search => search.Id, search => search.Priority, StringComparer.Ordinal);
        return
        [
            .. (await documents.ListOpenAsync(CollectionNames.Steps, null, cancellation))
                .Where(document => running.ContainsKey(document.Search))
                .Select(DocumentJson.Read<StepRecord>)
                .Where(step => step.DispatchedAt is not null && StepTransitions.ClaimOutcome(step, stage, now) == ClaimOutcome.Claimed)
                .OrderByDescending(step => running[step.SearchId])
                .ThenBy(step => step.DispatchedAt),
        ];
    }

    private static StoredDocument Document(StepRecord step) => new()
    {
        Id = StepId.Key(step.SearchId, step.Id),
        Search = step.SearchId,
        Sort = FormattableString.Invariant($"{LedgerOrder.Of(step.Role)}-{step.Number:000000000}"),
        Status = step.State.ToString(),
        Open = !step.IsTerminal,
        Version = step.Version,
        Body = DocumentJson.Write(step),
    };

    private Task<(StepRecord? Step, bool Changed)> ChangeStepAsync(StepClaim claim, Func<StepRecord, StepRecord?> change, CancellationToken cancellation) =>
        ChangeStepAsync(claim.SearchId, claim.StepId, change, cancellation);

    // Gives the step as it is afterwards (null: there is none) and whether this call changed it.
    private async Task<(StepRecord? Step, bool Changed)> ChangeStepAsync(
        string searchId, string stepId, Func<StepRecord, StepRecord?> change, CancellationToken cancellation)
    {
        while (true)
        {
            if (await documents.FindAsync(CollectionNames.Steps, StepId.Key(searchId, stepId), cancellation) is not { } found)
            {
                return (null, false);
            }

            var before = DocumentJson.Read<StepRecord>(found);
            if (change(before) is not { } after)
            {
                return (before, false);
            }

            after = after with { Version = found.Version + 1 };
            if (await documents.ReplaceAsync(CollectionNames.Steps, Document(after), found.Version, cancellation))
            {
                return (after, true);
            }
        }
    }
}
