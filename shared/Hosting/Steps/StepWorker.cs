using System.Diagnostics;
using LamdAgent.Contracts;
using LamdAgent.Domain;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Specs;
using LamdAgent.Domain.Steps;
using LamdAgent.Hosting.Bus;
using LamdAgent.Storage;
using LamdAgent.Storage.Artifacts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LamdAgent.Hosting.Steps;

/// <summary>
/// The frame around every piece of work: claim the stage (or step aside), keep the lease alive, do the work, write the result with the claim's token, publish what
/// happened. Lost or cancelled claims stop the work and write nothing; a stopping process gives its step back; what a person must mend is a failed step with its
/// reason; anything unexpected is tried again until the attempts are used up.
/// </summary>
public sealed partial class StepWorker(
    IRunStore store,
    IEventPublisher events,
    TimeProvider clock,
    IOptions<WorkerOptions> options,
    IHostApplicationLifetime lifetime,
    WorkActivity activity,
    IServiceProvider services,
    ILogger<StepWorker> logger)
{
    private readonly WorkerOptions options = options.Value;
    private readonly StepClaiming claiming = new(store, options.Value.Name, clock, options.Value.Lease);
    private volatile Tuple<string, SearchSpec>? lastSpec;

    /// <summary>Does one stage of one step, if any is still to be done: the one named, unless a more urgent one waits.</summary>
    /// <param name="searchId">The search that the command names.</param>
    /// <param name="stepId">The step that the command names.</param>
    /// <param name="stage">The stage that this worker can do.</param>
    /// <param name="work">The work itself; its token fires when the claim is lost, the step is cancelled or the process stops.</param>
    /// <param name="cancellationToken">The delivery's token. It guards the claim only: the broker may take a delivery back from a worker that is still at work, and the work goes on.</param>
    public async Task RunAsync(
        string searchId, string stepId, StepStage stage, Func<StepWork, CancellationToken, Task<StepOutcome>> work, CancellationToken cancellationToken)
    {
        using var busy = activity.Begin();
        var (answer, search) = await PatientlyAsync(() => claiming.ClaimAsync(searchId, stepId, stage, cancellationToken), cancellationToken);
        if (answer is not { Outcome: ClaimOutcome.Claimed, Claim: { } claim, Step: { } step })
        {
            StepTelemetry.Aside(stage, answer.Outcome);
            if (answer.Outcome == ClaimOutcome.NotFound)
            {
                // A command is written after its step: this one is from another database, or was not made by a planner. It rests where a person sees it.
                throw new InvalidInputException($"the step {searchId}/{stepId} is not in the store");
            }

            LogSteppedAside(searchId, stepId, stage, answer.Outcome);
            return;
        }

        if ((claim.SearchId, claim.StepId) != (searchId, stepId))
        {
            LogMoreUrgent(searchId, stepId, claim.SearchId, claim.StepId);
            (searchId, stepId) = (claim.SearchId, claim.StepId);
        }

        using var trace = StepTelemetry.Begin(step, stage);
        LogBegins(searchId, stepId, stage, claim.Attempt);
        var started = clock.GetTimestamp();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(lifetime.ApplicationStopping);
        var heartbeat = new Heartbeat(store, clock, options, claim, stopping, logger);
        StepOutcome outcome;
        try
        {
            await using (heartbeat)
            {
                search ??= await PatientlyAsync(() => store.GetSearchAsync(searchId, stopping.Token), stopping.Token) ?? throw new InvalidOperationException($"the search {searchId} is not in the store");
                if (claim.Attempt > options.MaxAttempts)
                {
                    outcome = GivenUp($"given up: {options.MaxAttempts} workers began and none came to an end");
                }
                else
                {
                    var spec = SpecOf(search);
                    // Its own thread: the libraries compute for minutes without awaiting.
                    outcome = await Task.Run(() => work(new StepWork(search, spec, step, claim, heartbeat), stopping.Token), CancellationToken.None);
                }
            }
        }
        catch (Exception) when (heartbeat.Ended is { } ended)
        {
            LogStopped(searchId, stepId, ended);
            return; // another worker has it, or nobody wants it any more
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            await GiveBackAsync(claim, countsAsAttempt: false);
            return;
        }
        catch (Exception e) when (DiskSpace.HasRunOut(e))
        {
            LogEnvironment(e, searchId, stepId);
            await GiveBackAsync(claim, countsAsAttempt: false);
            if (services.GetService<IEnvironmentFaults>() is not { } faults)
            {
                throw;
            }

            faults.Report(e);
            return;
        }
        catch (InvalidInputException e)
        {
            outcome = new StepOutcome.Failed(new StepFailure(RejectionOf(stage), e.Message));
        }
        catch (Exception e) when (claim.Attempt >= options.MaxAttempts)
        {
            LogUnexpected(e, searchId, stepId, claim.Attempt);
            outcome = GivenUp($"{e.GetType().Name}: {e.Message}");
        }
        catch (Exception e)
        {
            LogUnexpected(e, searchId, stepId, claim.Attempt);
            if (await GiveBackAsync(claim, countsAsAttempt: true))
            {
                throw; // the bus tries again
            }

            return; // another worker has it: whatever went wrong here, for instance files that it took over, matters no more
        }

        await CommitAsync(claim, search, step, outcome, clock.GetElapsedTime(started).TotalSeconds);
    }

    // A spec never changes, and a worker mostly serves one search for a while.
    private SearchSpec SpecOf(SearchRecord search)
    {
        if (lastSpec is { } last && last.Item1 == search.Id)
        {
            return last.Item2;
        }

        var spec = SearchSpecReader.Parse(search.SpecYaml, search.SpecFile, search.SpecFolder);
        lastSpec = Tuple.Create(search.Id, spec);
        return spec;
    }

    private static StepOutcome.Failed GivenUp(string reason) => new(new StepFailure(StepFailureKind.Faulted, reason));

    private static StepFailureKind RejectionOf(StepStage stage) => stage switch
    {
        StepStage.Train => StepFailureKind.TrainingRejected,
        StepStage.Merge => StepFailureKind.MergeRejected,
        _ => StepFailureKind.EvaluationRejected,
    };

    // The store may be away for a while; the work of minutes is not thrown away for that. The token decides whether it still counts.
    private async Task CommitAsync(StepClaim claim, SearchRecord? search, StepRecord step, StepOutcome outcome, double seconds)
    {
        var producedAt = clock.GetUtcNow();
        var accepted = await PatientlyAsync(async () => outcome switch
        {
            StepOutcome.Produced produced => await store.CompleteProductionAsync(claim, produced.Model, seconds, producedAt, CancellationToken.None),
            StepOutcome.Scored scored => await CommitScoresAsync(claim, scored, seconds),
            StepOutcome.Failed failed => await store.FailStepAsync(claim, failed.Failure, seconds, clock.GetUtcNow(), CancellationToken.None),
            _ => throw new InvalidOperationException($"unknown outcome {outcome}"),
        });

        // The first write may have been accepted although its answer was lost; then the second is refused and the step says so.
        if (!accepted)
        {
            LogRefused(claim.SearchId, claim.StepId, claim.FencingToken);
            return;
        }

        StepTelemetry.End(claim.Stage, outcome.GetType().Name, seconds);
        LogEnds(claim.SearchId, claim.StepId, claim.Stage, outcome.GetType().Name, seconds);
        if (outcome is StepOutcome.Produced { Model: var model })
        {
            var record = ModelRecord.FromStep(step with { Product = model, ProducedAt = producedAt }, search!.Datasets);
            await PatientlyAsync(() => store.InsertModelAsync(record, CancellationToken.None));
        }

        await StepEvents.PublishAsync(events, step, outcome, CancellationToken.None);
        try
        {
            outcome.Accepted?.Invoke();
        }
        catch (IOException e)
        {
            LogLeftBehind(e, claim.SearchId, claim.StepId);
        }
    }

    private async Task<bool> CommitScoresAsync(StepClaim claim, StepOutcome.Scored scored, double seconds)
    {
        await store.PutEvaluationAsync(scored.Evaluation with { Seconds = seconds }, CancellationToken.None);
        return await store.CompleteEvaluationAsync(claim, scored.Evaluation.Tasks, seconds, clock.GetUtcNow(), CancellationToken.None);
    }

    // False: it was not ours any more.
    private async Task<bool> GiveBackAsync(StepClaim claim, bool countsAsAttempt)
    {
        if (!await PatientlyAsync(() => store.ReleaseStepAsync(claim, countsAsAttempt, CancellationToken.None)))
        {
            LogStopped(claim.SearchId, claim.StepId, HeartbeatAnswer.Lost);
            return false;
        }

        LogGivenBack(claim.SearchId, claim.StepId);
        await events.PublishAsync(new StepReleased { SearchId = claim.SearchId, StepId = claim.StepId }, CancellationToken.None);
        return true;
    }

    private async Task<T> PatientlyAsync<T>(Func<Task<T>> operation, CancellationToken cancellation = default)
    {
        var started = Stopwatch.GetTimestamp();
        var wait = TimeSpan.FromMilliseconds(200);
        while (true)
        {
            try
            {
                return await operation();
            }
            catch (Exception e) when (e is not InvalidInputException and not InvalidOperationException && !cancellation.IsCancellationRequested && Stopwatch.GetElapsedTime(started) < options.StorePatience)
            {
                LogStoreAway(e, wait);
                await Task.Delay(wait, clock, cancellation);
                wait = wait * 2 > TimeSpan.FromSeconds(5) ? TimeSpan.FromSeconds(5) : wait * 2;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{SearchId}/{StepId}: {Stage} begins, attempt {Attempt}")]
    private partial void LogBegins(string searchId, string stepId, StepStage stage, int attempt);

    [LoggerMessage(Level = LogLevel.Information, Message = "{SearchId}/{StepId}: {Stage} ended as {Outcome} after {Seconds:F1} s")]
    private partial void LogEnds(string searchId, string stepId, StepStage stage, string outcome, double seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "{SearchId}/{StepId}: the command is used for {UrgentSearchId}/{UrgentStepId}")]
    private partial void LogMoreUrgent(string searchId, string stepId, string urgentSearchId, string urgentStepId);

    [LoggerMessage(Level = LogLevel.Information, Message = "{SearchId}/{StepId}: stepped aside from {Stage}: {Outcome}")]
    private partial void LogSteppedAside(string searchId, string stepId, StepStage stage, ClaimOutcome outcome);

    [LoggerMessage(Level = LogLevel.Information, Message = "{SearchId}/{StepId}: given back unfinished, this process stops or cannot go on")]
    private partial void LogGivenBack(string searchId, string stepId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{SearchId}/{StepId}: work stopped, the claim is {Answer}; nothing was written")]
    private partial void LogStopped(string searchId, string stepId, HeartbeatAnswer answer);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{SearchId}/{StepId}: the result was refused, token {Token} is not the current one any more; another worker's result counts")]
    private partial void LogRefused(string searchId, string stepId, long token);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{SearchId}/{StepId}: the files of the finished work could not be deleted")]
    private partial void LogLeftBehind(Exception e, string searchId, string stepId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "the store does not answer; trying again in {Wait}")]
    private partial void LogStoreAway(Exception e, TimeSpan wait);

    [LoggerMessage(Level = LogLevel.Error, Message = "{SearchId}/{StepId}: unexpected error in attempt {Attempt}")]
    private partial void LogUnexpected(Exception e, string searchId, string stepId, int attempt);

    [LoggerMessage(Level = LogLevel.Error, Message = "{SearchId}/{StepId}: this machine cannot do it now")]
    private partial void LogEnvironment(Exception e, string searchId, string stepId);
}
