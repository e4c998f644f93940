using System.Collections.Concurrent;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Specs;
using LamdAgent.Domain.Steps;
using LamdAgent.Hosting.Steps;
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

    /// <summary>
    /// Advances every running search that is not being advanced already, those of higher priority first, and lets go of those that this planner drove and that rest now. One that takes long (its agent
    /// thinks) or cannot be advanced holds up no other.
    /// </summary>
    public async Task SweepAsync(CancellationToken cancellation)
    {
        var searches = new List<SearchRecord>(await store.ListSearchesAsync(SearchStatus.Running, cancellation));
        foreach (var status in new[] { SearchStatus.Paused, SearchStatus.Cancelled })
        {
            searches.AddRange((await store.ListSearchesAsync(status, cancellation)).Where(s => _driven.ContainsKey(s.Id)));
        }

        await Task.WhenAll(searches.OrderByDescending(s => s.Priority).ThenBy(s => s.CreatedAt).Where(s => !IsBusy(s.Id)).Select(SweepOneAsync));

        bool IsBusy(string searchId) => _driven.TryGetValue(searchId, out var driven) && driven.Gate.CurrentCount == 0;

        async Task SweepOneAsync(SearchRecord search)
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

        if (search.Status != SearchStatus.Running)
        {
            driven.LastSeen = null;
            driven.Forget();
            await (search.Status == SearchStatus.Cancelled ? CancelOpenStepsAsync(searchId, cancellation) : Task.CompletedTask);
            return search.Status;
        }

        var now = clock.GetUtcNow();
        // A lease that has most of its time left needs no prolonging with every event.
        var token = search.PlannerOwner == options.Value.Owner && search.PlannerUntil - now > options.Value.OwnershipLease * 2 / 3
            ? search.PlannerToken
            : await store.AcquirePlannerAsync(searchId, options.Value.Owner, now, now + options.Value.OwnershipLease, cancellation);
        if (token != driven.Token)
        {
            driven.Ledger = null; // another planner may have been at work
            driven.Token = token;
        }

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
            return await DriveAsync(search, driven, renewal.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return LeaveToAnother(searchId, driven);
        }
        finally
        {
            await renewal.CancelAsync();
            await renewing;
        }
    }

    private SearchStatus LeaveToAnother(string searchId, DrivenSearch driven)
    {
        logger.LogWarning("Search {SearchId} went to another planner while this one was deciding; it leaves it alone", searchId);
        driven.Token = null;
        return SearchStatus.Running;
    }

    private async Task<SearchStatus> DriveAsync(SearchRecord asFound, DrivenSearch driven, CancellationToken cancellation)
    {
        var searchId = asFound.Id;
        var search = asFound;
        while (true)
        {
            var snapshot = await ReadAsync(search, driven, cancellation);
            await AddMissingModelsAsync(snapshot, driven, cancellation);
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
                    search = await store.GetSearchAsync(searchId, cancellation) ?? throw new InvalidOperationException($"search {searchId} has gone");
                    if (search.Status != SearchStatus.Running)
                    {
                        return search.Status;
                    }

                    // This process may have been asleep while it was deciding: what another planner decided counts.
                    if (search.PlannerToken != driven.Token)
                    {
                        return LeaveToAnother(searchId, driven);
                    }

                    foreach (var step in insert.Steps)
                    {
                        var planned = step with { TraceParent = StepTelemetry.BeginTrace(step) };
                        if (!await store.InsertStepAsync(planned, cancellation))
                        {
                            driven.Ledger = null; // it is there already: somebody else wrote it
                        }
                        else
                        {
                            driven.Ledger?[step.Id] = planned;
                            logger.LogInformation("Search {SearchId}: {StepId} = {Action} ({DecidedBy})", searchId, step.Id, step.Action, step.DecidedBy);
                        }
                    }

                    break;
                case DriverDecision.Finish finish:
                    await store.ChangeSearchStatusAsync(searchId, [SearchStatus.Running], finish.Status, finish.Reason, clock.GetUtcNow(), cancellation);
                    logger.LogInformation("Search {SearchId} is {Status}: {Reason}", searchId, finish.Status, finish.Reason);
                    driven.Forget();
                    return finish.Status;
                default:
                    return SearchStatus.Running;
            }
        }
    }

    private async Task<SearchSnapshot> ReadAsync(SearchRecord search, DrivenSearch driven, CancellationToken cancellation)
    {
        driven.Spec ??= SearchSnapshot.SpecOf(search);
        driven.StartModels ??= SearchSnapshot.StartModelsOf(await store.ListModelsAsync(search.Id, cancellation));
        return new SearchSnapshot(search, driven.Spec, driven.StartModels, await ReadLedgerAsync(search.Id, driven, cancellation));
    }

    /// <summary>What has ended never changes: it is read once, and only the open steps again. Ledgers grow to thousands of steps, and every event leads here.</summary>
    private async Task<IReadOnlyList<StepRecord>> ReadLedgerAsync(string searchId, DrivenSearch driven, CancellationToken cancellation)
    {
        if (driven.Ledger is not { } ledger)
        {
            driven.Ledger = ledger = (await store.ListStepsAsync(searchId, cancellation)).ToDictionary(step => step.Id, StringComparer.Ordinal);
        }
        else
        {
            var open = await store.ListOpenStepsAsync(searchId, cancellation);
            var stillOpen = open.Select(step => step.Id).ToHashSet(StringComparer.Ordinal);
            foreach (var ended in ledger.Values.Where(step => !step.IsTerminal && !stillOpen.Contains(step.Id)).ToList())
            {
                ledger[ended.Id] = await store.GetStepAsync(searchId, ended.Id, cancellation) ?? throw new InvalidOperationException($"step {searchId}/{ended.Id} has gone");
            }

            foreach (var step in open)
            {
                ledger[step.Id] = step;
            }
        }

        return [.. ledger.Values.OrderBy(step => LedgerOrder.Of(step.Role)).ThenBy(step => step.Number)];
    }

    /// <summary>A worker that died between "produced" and writing the model's record leaves this to us.</summary>
    private async Task AddMissingModelsAsync(SearchSnapshot snapshot, DrivenSearch driven, CancellationToken cancellation)
    {
        foreach (var step in snapshot.Steps.Where(s => s.Product is not null && !driven.Recorded.Contains(s.ModelId)))
        {
            if (await store.GetModelAsync(snapshot.Search.Id, step.ModelId, cancellation) is null)
            {
                await store.InsertModelAsync(ModelRecord.FromStep(step, snapshot.Search.Datasets), cancellation);
            }

            driven.Recorded.Add(step.ModelId);
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
        foreach (var step in await store.ListOpenStepsAsync(searchId, cancellation))
        {
            await store.CancelStepAsync(searchId, step.Id, clock.GetUtcNow(), cancellation);
        }
    }

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

        /// <summary>Models whose records are known to be in the store.</summary>
        public HashSet<string> Recorded { get; } = new(StringComparer.Ordinal);

        /// <summary>The steps by id as they were read last; null: to be read from the start.</summary>
        public Dictionary<string, StepRecord>? Ledger { get; set; }

        /// <summary>Lets go of what was read: a planner that runs for months drives many searches.</summary>
        public void Forget()
        {
            Ledger = null;
            Spec = null;
            StartModels = null;
            Recorded.Clear();
            Sent.Clear();
        }

        public SearchSpec? Spec { get; set; }

        public IReadOnlyList<ModelRecord>? StartModels { get; set; }

        public DateTimeOffset? LastSeen { get; set; }

        public long? Token { get; set; }
    }
}
