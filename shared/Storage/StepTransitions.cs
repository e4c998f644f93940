using LamdAgent.Domain.Models;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Storage;

/// <summary>
/// What each operation of the run store makes of a step, as pure functions: the step before in, the step after out, null when the operation is refused. The
/// stores add nothing but the atomic exchange of the one for the other.
/// </summary>
internal static class StepTransitions
{
    public static StepRecord? Dispatch(StepRecord step, StepStage stage, DateTimeOffset now) =>
        step.DueStage != stage || IsLeased(step, now)
            ? null
            : step with { DispatchedAt = now, State = step.State == StepState.Planned ? StepState.Dispatched : step.State };

    public static ClaimOutcome ClaimOutcome(StepRecord step, StepStage stage, DateTimeOffset now) =>
        step.DueStage != stage ? Domain.Steps.ClaimOutcome.AlreadyDone
        : IsLeased(step, now) ? Domain.Steps.ClaimOutcome.Held
        : Domain.Steps.ClaimOutcome.Claimed;

    public static StepRecord? Claim(StepRecord step, StepStage stage, string worker, DateTimeOffset now, DateTimeOffset leaseUntil) =>
        ClaimOutcome(step, stage, now) != Domain.Steps.ClaimOutcome.Claimed
            ? null
            : step with
            {
                State = StepStateMachine.WorkingState(stage),
                LeaseHolder = worker,
                LeaseUntil = leaseUntil,
                Attempt = step.Attempt + 1,
                FencingToken = step.FencingToken + 1,
                Progress = null,
            };

    public static StepRecord? Heartbeat(StepRecord step, StepClaim claim, StepProgress? progress, DateTimeOffset leaseUntil) =>
        Holds(step, claim) ? step with { LeaseUntil = leaseUntil, Progress = progress ?? step.Progress } : null;

    public static StepRecord? Produce(StepRecord step, StepClaim claim, ProducedModel product, double seconds, DateTimeOffset now) =>
        !Holds(step, claim)
            ? null
            : WithoutLease(step) with
            {
                State = StepState.Produced,
                Product = product,
                ProducedAt = now,
                ProduceSeconds = seconds,
                Attempt = 0,
                DispatchedAt = null,
            };

    public static StepRecord? Score(StepRecord step, StepClaim claim, IReadOnlyList<TaskScore> scores, double seconds, DateTimeOffset now) =>
        !Holds(step, claim)
            ? null
            : WithoutLease(step) with { State = StepState.Scored, Scores = scores, EvaluateSeconds = seconds, FinishedAt = now };

    public static StepRecord? Fail(StepRecord step, StepClaim claim, StepFailure failure, double seconds, DateTimeOffset now) =>
        !Holds(step, claim)
            ? null
            : WithoutLease(step) with
            {
                State = StepState.Failed,
                Failure = failure,
                FinishedAt = now,
                ProduceSeconds = claim.Stage == StepStage.Evaluate ? step.ProduceSeconds : seconds,
                EvaluateSeconds = claim.Stage == StepStage.Evaluate ? seconds : step.EvaluateSeconds,
            };

    public static StepRecord? FailUnclaimed(StepRecord step, StepFailure failure, DateTimeOffset now) =>
        step.IsTerminal || IsLeased(step, now)
            ? null
            : WithoutLease(step) with { State = StepState.Failed, Failure = failure, FinishedAt = now, FencingToken = step.FencingToken + 1 };

    public static StepRecord? Release(StepRecord step, StepClaim claim, bool countsAsAttempt) =>
        !Holds(step, claim)
            ? null
            : WithoutLease(step) with
            {
                DispatchedAt = null,
                FencingToken = step.FencingToken + 1,
                Attempt = countsAsAttempt ? step.Attempt : Math.Max(0, step.Attempt - 1),
            };

    public static StepRecord? Cancel(StepRecord step, DateTimeOffset now) =>
        step.IsTerminal
            ? null
            : WithoutLease(step) with { State = StepState.Cancelled, FinishedAt = now, FencingToken = step.FencingToken + 1 };

    private static bool Holds(StepRecord step, StepClaim claim) =>
        step.FencingToken == claim.FencingToken && step.DueStage == claim.Stage && step.LeaseHolder == claim.Worker;

    private static bool IsLeased(StepRecord step, DateTimeOffset now) => step.LeaseUntil > now;

    private static StepRecord WithoutLease(StepRecord step) => step with { LeaseHolder = null, LeaseUntil = null, Progress = null };
}
