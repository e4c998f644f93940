using LamdAgent.Domain;
using LamdAgent.Domain.Searches;
using LamdAgent.Planner.Searches;
using LamdAgent.Storage;
using LamdAgent.Storage.Sqlite;

namespace LamdAgent.Standalone.Runs;

/// <summary>A run's store, open for reading (another process may be at work on it) or before the run is driven.</summary>
internal sealed class OpenedStore : IAsyncDisposable
{
    private readonly RunFolder run;

    private OpenedStore(RunFolder run, IRunStore store)
    {
        this.run = run;
        Store = store;
    }

    public IRunStore Store { get; }

    public static async Task<OpenedStore> OpenAsync(RunFolder run, bool mustExist, CancellationToken cancellation)
    {
        var opened = new OpenedStore(run, SqliteRunStore.Open(run.Database, mustExist));
        await opened.Store.InitializeAsync(cancellation);
        return opened;
    }

    /// <summary>The run's one search.</summary>
    /// <exception cref="InvalidInputException">There is none: the run was killed before it began.</exception>
    public async Task<SearchRecord> GetSearchAsync(CancellationToken cancellation) =>
        await Store.ListSearchesAsync(null, cancellation) is [var search, ..]
            ? search
            : throw new InvalidInputException(run.DisplayPath, null, "the run holds no search: it was ended before it began. Remove the folder and start again");

    /// <summary>The search with its spec and its ledger.</summary>
    public async Task<SearchSnapshot> GetSnapshotAsync(CancellationToken cancellation)
    {
        var search = await GetSearchAsync(cancellation);
        var models = await Store.ListModelsAsync(search.Id, cancellation);
        return new SearchSnapshot(
            search,
            SearchSnapshot.SpecOf(search),
            [.. models.Where(model => model.StepId is null).OrderBy(model => model.Id, StringComparer.Ordinal)],
            await Store.ListStepsAsync(search.Id, cancellation));
    }

    public ValueTask DisposeAsync() => ((IAsyncDisposable)Store).DisposeAsync();
}
