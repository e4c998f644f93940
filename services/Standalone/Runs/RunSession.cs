using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;
using LamdAgent.Planner;
using LamdAgent.Planner.Submission;
using LamdAgent.Storage;

namespace LamdAgent.Standalone.Runs;

/// <summary>Drives one search in this process until it ends, is stopped, or the machine cannot go on.</summary>
internal static class RunSession
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    /// <summary>Puts a new search into the run's store and drives it.</summary>
    public static async Task<SearchStatus> StartAsync(RunFolder run, PreparedSearch prepared, RunView view, CancellationToken cancellation)
    {
        await using var store = await OpenedStore.OpenAsync(run, mustExist: false, cancellation);
        await SearchSubmission.SubmitAsync(prepared, store.Store, cancellation);
        return await DriveAsync(run, prepared.Search.Id, view, cancellation);
    }

    /// <summary>Drives the search of a run that was begun before.</summary>
    public static async Task<SearchStatus> ContinueAsync(RunFolder run, RunView view, CancellationToken cancellation)
    {
        string searchId;
        await using (var store = await OpenedStore.OpenAsync(run, mustExist: true, cancellation))
        {
            var search = await store.GetSearchAsync(cancellation);
            if (search.Status != SearchStatus.Running)
            {
                return search.Status;
            }

            searchId = search.Id;
            await FreeAbandonedStepsAsync(store.Store, searchId, cancellation);
            foreach (var folder in new[] { "models", "scores", "evaluations" })
            {
                StagedFolder.DeleteLeftovers(run[folder]);
            }
        }

        return await DriveAsync(run, searchId, view, cancellation);
    }

    private static async Task<SearchStatus> DriveAsync(RunFolder run, string searchId, RunView view, CancellationToken cancellation)
    {
        var faults = new EnvironmentFaults();
        using var signal = new StepSignal();
        using var host = RunHost.Build(run, faults, signal);
        var store = host.Services.GetRequiredService<IRunStore>();
        await store.InitializeAsync(cancellation);
        var planner = host.Services.GetRequiredService<PlannerLoop>();
        await host.StartAsync(cancellation);
        try
        {
            while (true)
            {
                var status = await planner.AdvanceAsync(searchId, cancellation) ?? throw new InvalidDataException($"{run.Database} holds no search {searchId}");
                await view.UpdateAsync(store, searchId, cancellation);
                if (status is SearchStatus.Completed or SearchStatus.Failed or SearchStatus.Cancelled)
                {
                    return status;
                }

                if (faults.First.IsCompleted)
                {
                    throw await faults.First;
                }

                await signal.WaitAsync(Look, cancellation);
            }
        }
        finally
        {
            view.Close();
            // Workers see the stop, save what they have and give their steps back.
            await host.StopAsync(CancellationToken.None);
            await planner.ReleaseAsync(CancellationToken.None);
            await ((IAsyncDisposable)store).DisposeAsync();
        }
    }

    // The run's lock is ours, so whoever holds a lease here is dead: nobody has to wait until it runs out, and dying is no fault of the step.
    private static async Task FreeAbandonedStepsAsync(IRunStore store, string searchId, CancellationToken cancellation)
    {
        foreach (var step in await store.ListStepsAsync(searchId, cancellation))
        {
            if (step is { LeaseHolder: { } holder, DueStage: { } stage })
            {
                await store.ReleaseStepAsync(new StepClaim(searchId, step.Id, stage, holder, step.FencingToken, step.Attempt), countsAsAttempt: false, cancellation);
            }
        }
    }
}
