using System.Collections.Concurrent;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Specs;
using LamdAgent.Domain.Steps;
using LamdAgent.Planner.Searches;
using LamdAgent.Planner.Strategies;
using LamdAgent.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LamdAgent.Planner;

/// <summary>
/// Drives searches. <see cref="AdvanceAsync"/> may be called at any time and any number of times (on a worker's event, by the sweep, after a restart): it reads the store, does what is due, and
/// leaves the rest to the next call. The same class runs in one process with everything and in a service of its own.
/// </summary>
public sealed class PlannerLoop(
    IRunStore store, IStepDispatcher dispatcher, StrategyFactory strategies, IOptions<PlannerOptions> options, TimeProvider clock, ILogger<PlannerLoop> logger)
{
    private readonly ConcurrentDictionary<string, DrivenSearch> _driven = new(StringComparer.Ordinal);

    /// <summary>Does what is due in a search.</summary>
    /// <returns>What the search is now; null when there is no such search.</returns>
    public async Task<SearchStatus?> AdvanceAsync(string searchId, CancellationToken cancellation)
    {
        var driven = _driven.GetOrAdd(searchId, _ => new DrivenSearch());
        await driven.Gate.WaitAsync(cancellation);
        try
        {
            return await AdvanceOwnedAsync(searchId, driven, cancellation);
        }
        finally
        {
            driven.Gate.Release();
        }
    }

    /// <summary>Advances every running search, those of higher priority first. A search that cannot be advanced does not stop the others.</summary>
    public async Task SweepAsync(CancellationToken cancellation)
    {
        var searches = await store.ListSearchesAsync(SearchStatus.Running, cancellation);
        var cancelled = await store.ListSearchesAsync(SearchStatus.Cancelled, cancellation);
        foreach (var search in searches.Concat(cancelled.Where(s => _driven.ContainsKey(s.Id))).OrderByDescending(s => s.Priority).ThenBy(s => s.CreatedAt))
        {
            try
            {
                await AdvanceAsync(search.Id, cancellation);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                logger.LogError(e, "Search {SearchId} could not be advanced; it is tried again with the next sweep", search.Id);
            }
        }
    }

    /// <summary>Gives all searches back, so that another planner may take over at once.</summary>
    public async Task ReleaseAsync(CancellationToken cancellation)
    {
        foreach (var (searchId, driven) in _driven)
        {
            if (driven.Token is { } token)
            {
                await store.ReleasePlannerAsync(searchId, token, cancellation);
                driven.Token = null;
            }
        }
    }

    private async Task<SearchStatus?> AdvanceOwnedAsync(string searchId, DrivenSearch driven, CancellationToken cancellation)
    {
        var search = await store.GetSearchAsync(searchId, cancellation);
        if (search is null)
        {
            return null;
        }

        if (search.Status == SearchStatus.Cancelled)
        {
            await CancelOpenStepsAsync(searchId, cancellation);
            driven.LastSeen = null;
            return search.Status;
        }

        if (search.Status != SearchStatus.Running)
        {
            driven.LastSeen = null;
            return search.Status;
        }

        var now = clock.GetUtcNow();
        var token = await store.AcquirePlannerAsync(searchId, options.Value.Owner, now, now + options.Value.OwnershipLease, cancellation);
        driven.Token = token;
        if (token is null)
        {
            driven.LastSeen = null;
            return search.Status;
        }

        await CountActiveTimeAsync(searchId, driven, now, token.Value, cancellation);
        using var renewal = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var renewing = RenewAsync(searchId, renewal);
        try
        {
            return await DriveAsync(searchId, driven, renewal.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            logger.LogWarning("Search {SearchId} went to another planner while this one was deciding; it leaves it alone", searchId);
            driven.Token = null;
            return SearchStatus.Running;
        }
        finally
        {
            await renewal.CancelAsync();
            await renewing;
        }
    }

    private async Task<SearchStatus> DriveAsync(string searchId, DrivenSearch driven, CancellationToken cancellation)
    {
        while (true)
        {
            var snapshot = await ReadAsync(searchId, driven, cancellation);
            await AddMissingModelsAsync(snapshot, cancellation);
            await DispatchDueAsync(snapshot, driven, cancellation);
            var decision = SearchDriver.Decide(snapshot, exhausted: false, clock.GetUtcNow());
            if (decision is DriverDecision.Plan plan)
            {
                var choice = await strategies.For(snapshot.Spec).ChooseAsync(plan.View, cancellation);
                decision = choice is null
                    ? SearchDriver.Decide(snapshot, exhausted: true, clock.GetUtcNow())
                    : new DriverDecision.Insert([SearchDriver.Step(snapshot, choice.Action, plan.View.StepNumber, choice.DecidedBy, clock.GetUtcNow())]);
            }

            switch (decision)
            {
                case DriverDecision.Insert insert:
                    if (!await IsStillRunningAsync(searchId, cancellation))
                    {
                        return SearchStatus.Paused;
                    }

                    foreach (var step in insert.Steps)
                    {
                        if (await store.InsertStepAsync(step, cancellation))
                        {
                            logger.LogInformation("Search {SearchId}: {StepId} = {Action} ({DecidedBy})", searchId, step.Id, step.Action, step.DecidedBy);
                        }
                    }

                    break;
                case DriverDecision.Finish finish:
                    await store.ChangeSearchStatusAsync(searchId, [SearchStatus.Running], finish.Status, finish.Reason, clock.GetUtcNow(), cancellation);
                    logger.LogInformation("Search {SearchId} is {Status}: {Reason}", searchId, finish.Status, finish.Reason);
                    return finish.Status;
                default:
                    return SearchStatus.Running;
            }
        }
    }

    private async Task<SearchSnapshot> ReadAsync(string searchId, DrivenSearch driven, CancellationToken cancellation)
    {
        var search = await store.GetSearchAsync(searchId, cancellation) ?? throw new InvalidOperationException($"search {searchId} has gone");
        driven.Spec ??= SearchSnapshot.SpecOf(search);
        driven.StartModels ??= [.. (await store.ListModelsAsync(searchId, cancellation)).Where(m => m.StepId is null).OrderBy(m => m.Id, StringComparer.Ordinal)];
        return new SearchSnapshot(search, driven.Spec, driven.StartModels, await store.ListStepsAsync(searchId, cancellation));
    }

    /// <summary>A worker that died between "produced" and writing the model's record leaves this to us.</summary>
    private async Task AddMissingModelsAsync(SearchSnapshot snapshot, CancellationToken cancellation)
    {
        var known = (await store.ListModelsAsync(snapshot.Search.Id, cancellation)).Select(m => m.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var step in snapshot.Steps.Where(s => s.Product is not null && !known.Contains(s.ModelId)))
        {
            await store.InsertModelAsync(ModelRecord.FromStep(step, snapshot.Search.Datasets), cancellation);
        }
    }

    private async Task DispatchDueAsync(SearchSnapshot snapshot, DrivenSearch driven, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        foreach (var step in snapshot.Steps)
        {
            if (step.DueStage is not { } stage || (step.LeaseHolder is not null && step.LeaseUntil > now))
            {
                continue;
            }

            if (step.Attempt >= options.Value.MaxAttempts)
            {
                var failure = new StepFailure(StepFailureKind.Faulted, $"{stage} lost its worker {step.Attempt} times");
                await store.FailUnclaimedStepAsync(snapshot.Search.Id, step.Id, failure, now, cancellation);
                continue;
            }

            var lost = step.LeaseHolder is not null && step.DispatchedAt <= step.LeaseUntil;
            var stale = step.DispatchedAt + options.Value.ResendAfter <= now;

            // A planner that has just started does not know what was really sent before: it sends everything once.
            var first = driven.Sent.Add((step.Id, stage));
            if (step.DispatchedAt is not null && !lost && !stale && !first)
            {
                continue;
            }

            if (await store.MarkDispatchedAsync(snapshot.Search.Id, step.Id, stage, now, cancellation))
            {
                try
                {
                    await dispatcher.DispatchAsync(snapshot.Search, step, stage, cancellation);
                }
                catch
                {
                    // The store says "sent", but it was not: the next look sends it.
                    driven.Sent.Remove((step.Id, stage));
                    throw;
                }
            }
        }
    }

    private async Task CancelOpenStepsAsync(string searchId, CancellationToken cancellation)
    {
        foreach (var step in await store.ListStepsAsync(searchId, cancellation))
        {
            if (!step.IsTerminal)
            {
                await store.CancelStepAsync(searchId, step.Id, clock.GetUtcNow(), cancellation);
            }
        }
    }

    private async Task<bool> IsStillRunningAsync(string searchId, CancellationToken cancellation) =>
        await store.GetSearchAsync(searchId, cancellation) is { Status: SearchStatus.Running };

    /// <summary>Adds the time since this planner last looked, but not more than the lease: a planner that was away did not drive.</summary>
    private async Task CountActiveTimeAsync(string searchId, DrivenSearch driven, DateTimeOffset now, long token, CancellationToken cancellation)
    {
        if (driven.LastSeen is { } last && now - last is var passed && passed >= TimeSpan.FromSeconds(1))
        {
            var counted = passed < options.Value.OwnershipLease ? passed : options.Value.OwnershipLease;
            await store.AddActiveSecondsAsync(searchId, token, counted.TotalSeconds, cancellation);
            driven.LastSeen = now;
        }

        driven.LastSeen ??= now;
    }

    /// <summary>Keeps the right to drive while a strategy thinks; ends the thinking when the right is lost.</summary>
    private async Task RenewAsync(string searchId, CancellationTokenSource work)
    {
        try
        {
            while (true)
            {
                await Task.Delay(options.Value.OwnershipLease / 3, clock, work.Token);
                var now = clock.GetUtcNow();
                if (await store.AcquirePlannerAsync(searchId, options.Value.Owner, now, now + options.Value.OwnershipLease, work.Token) is null)
                {
                    await work.CancelAsync();
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The work is done.
        }
        catch (Exception e)
        {
            logger.LogWarning(e, "Search {SearchId}: the right to drive it could not be renewed; the next sweep takes it again", searchId);
            await work.CancelAsync();
        }
    }

    private sealed class DrivenSearch
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public HashSet<(string StepId, StepStage Stage)> Sent { get; } = [];

        public SearchSpec? Spec { get; set; }

        public IReadOnlyList<ModelRecord>? StartModels { get; set; }

        public DateTimeOffset? LastSeen { get; set; }

        public long? Token { get; set; }
    }
}
