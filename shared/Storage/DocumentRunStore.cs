using LamdAgent.Domain.Models;
using LamdAgent.Domain.Planning;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;
using LamdAgent.Storage.Documents;

namespace LamdAgent.Storage;

/// <summary>
/// The run store over any database that can insert a document and exchange one by its version. A change reads, computes the next record with a pure
/// function and exchanges it; who loses a race reads again. So both databases follow one set of rules, and every operation is one atomic write.
/// </summary>
internal sealed partial class DocumentRunStore(IDocumentStore documents) : IRunStore, IAsyncDisposable
{
    public Task InitializeAsync(CancellationToken cancellation) => documents.InitializeAsync(cancellation);

    public ValueTask DisposeAsync() => documents.DisposeAsync();

    public Task<bool> CreateSearchAsync(SearchRecord search, CancellationToken cancellation) =>
        documents.InsertAsync(CollectionNames.Searches, Document(search), cancellation);

    public async Task<SearchRecord?> GetSearchAsync(string searchId, CancellationToken cancellation) =>
        await documents.FindAsync(CollectionNames.Searches, searchId, cancellation) is { } found ? DocumentJson.Read<SearchRecord>(found) : null;

    public async Task<IReadOnlyList<SearchRecord>> ListSearchesAsync(SearchStatus? status, CancellationToken cancellation) =>
        [.. (await documents.ListAsync(CollectionNames.Searches, null, null, status?.ToString(), cancellation)).Select(DocumentJson.Read<SearchRecord>).Reverse()];

    public async Task<bool> ChangeSearchStatusAsync(
        string searchId, IReadOnlyList<SearchStatus> from, SearchStatus to, string? reason, DateTimeOffset now, CancellationToken cancellation)
    {
        var ends = to is SearchStatus.Completed or SearchStatus.Cancelled or SearchStatus.Failed;
        var changed = await ChangeSearchAsync(
            searchId,
            search => from.Contains(search.Status) ? search with { Status = to, StatusReason = reason, FinishedAt = ends ? now : null } : null,
            cancellation);
        return changed is not null;
    }

    public async Task<long?> AcquirePlannerAsync(string searchId, string owner, DateTimeOffset now, DateTimeOffset until, CancellationToken cancellation)
    {
        var changed = await ChangeSearchAsync(
            searchId,
            search => search.PlannerOwner == owner ? search with { PlannerUntil = until }
                : search.PlannerOwner is null || !(search.PlannerUntil > now)
                    ? search with { PlannerOwner = owner, PlannerUntil = until, PlannerToken = search.PlannerToken + 1 }
                    : null,
            cancellation);
        return changed?.PlannerToken;
    }

    public async Task<bool> AddActiveSecondsAsync(string searchId, long plannerToken, double seconds, CancellationToken cancellation) =>
        await ChangeSearchAsync(
            searchId,
            search => search.PlannerToken == plannerToken ? search with { ActiveSeconds = search.ActiveSeconds + seconds } : null,
            cancellation) is not null;

    public Task ReleasePlannerAsync(string searchId, long plannerToken, CancellationToken cancellation) =>
        ChangeSearchAsync(
            searchId,
            search => search.PlannerToken == plannerToken && search.PlannerOwner is not null ? search with { PlannerOwner = null, PlannerUntil = null } : null,
            cancellation);

    public Task<bool> InsertModelAsync(ModelRecord model, CancellationToken cancellation) =>
        documents.InsertAsync(CollectionNames.Models, Document(model), cancellation);

    public async Task<ModelRecord?> GetModelAsync(string searchId, string modelId, CancellationToken cancellation) =>
        await documents.FindAsync(CollectionNames.Models, $"{searchId}/{modelId}", cancellation) is { } found ? DocumentJson.Read<ModelRecord>(found) : null;

    public Task<IReadOnlyList<ModelRecord>> ListModelsAsync(string searchId, CancellationToken cancellation) =>
        ListAsync<ModelRecord>(CollectionNames.Models, searchId, null, cancellation);

    public async Task<bool> MarkModelPrunedAsync(string searchId, string modelId, DateTimeOffset now, CancellationToken cancellation)
    {
        while (true)
        {
            if (await documents.FindAsync(CollectionNames.Models, $"{searchId}/{modelId}", cancellation) is not { } found
                || DocumentJson.Read<ModelRecord>(found) is not { PrunedAt: null } model)
            {
                return false;
            }

            if (await documents.ReplaceAsync(CollectionNames.Models, Document(model with { PrunedAt = now }, found.Version + 1), found.Version, cancellation))
            {
                return true;
            }
        }
    }

    public Task PutEvaluationAsync(EvaluationRecord evaluation, CancellationToken cancellation) =>
        documents.PutAsync(
            CollectionNames.Evaluations,
            [
                new StoredDocument
                {
                    Id = StepId.Key(evaluation.SearchId, evaluation.StepId),
                    Search = evaluation.SearchId,
                    Sort = evaluation.StepId,
                    Body = DocumentJson.Write(evaluation),
                },
            ],
            cancellation);

    public Task<IReadOnlyList<EvaluationRecord>> ListEvaluationsAsync(string searchId, CancellationToken cancellation) =>
        ListAsync<EvaluationRecord>(CollectionNames.Evaluations, searchId, null, cancellation);

    public Task AppendMetricsAsync(string searchId, string stepId, IReadOnlyList<MetricPoint> points, CancellationToken cancellation) =>
        documents.PutAsync(
            CollectionNames.Metrics,
            [
                .. points.Select(point => new StoredDocument
                {
                    Id = FormattableString.Invariant($"{searchId}/{stepId}/{point.OptimizerStep:000000000}"),
                    Search = searchId,
                    Sort = FormattableString.Invariant($"{stepId}/{point.OptimizerStep:000000000}"),
                    Body = DocumentJson.Write(point),
                }),
            ],
            cancellation);

    public Task<IReadOnlyList<MetricPoint>> ListMetricsAsync(string searchId, string stepId, CancellationToken cancellation) =>
        ListAsync<MetricPoint>(CollectionNames.Metrics, searchId, stepId + "/", cancellation);

    public Task<bool> InsertMemoryAsync(MemoryEntry entry, CancellationToken cancellation) =>
        documents.InsertAsync(
            CollectionNames.Memory,
            new StoredDocument { Id = StepId.Key(entry.SearchId, entry.StepId), Search = entry.SearchId, Sort = entry.StepId, Body = DocumentJson.Write(entry) },
            cancellation);

    public Task<IReadOnlyList<MemoryEntry>> ListMemoryAsync(string searchId, CancellationToken cancellation) =>
        ListAsync<MemoryEntry>(CollectionNames.Memory, searchId, null, cancellation);

    public Task<bool> InsertPlannerCallAsync(PlannerCall call, CancellationToken cancellation)
    {
        // The order in a step: memory, action type, objects; then attempts.
        var sort = FormattableString.Invariant($"{call.StepId}/{(int)call.Purpose}-{call.Attempt:0000}");
        return documents.InsertAsync(
            CollectionNames.PlannerCalls,
            new StoredDocument { Id = $"{call.SearchId}/{sort}", Search = call.SearchId, Sort = sort, Body = DocumentJson.Write(call) },
            cancellation);
    }

    public Task<IReadOnlyList<PlannerCall>> ListPlannerCallsAsync(string searchId, string? stepId, CancellationToken cancellation) =>
        ListAsync<PlannerCall>(CollectionNames.PlannerCalls, searchId, stepId is null ? null : stepId + "/", cancellation);

    private static StoredDocument Document(SearchRecord search, long version = 1) => new()
    {
        Id = search.Id,
        Search = search.Id,
        Sort = FormattableString.Invariant($"{search.CreatedAt.UtcTicks:0000000000000000000}/{search.Id}"),
        Status = search.Status.ToString(),
        Open = search.Status is SearchStatus.Running,
        Version = version,
        Body = DocumentJson.Write(search),
    };

    private static StoredDocument Document(ModelRecord model, long version = 1) => new()
    {
        Id = $"{model.SearchId}/{model.Id}",
        Search = model.SearchId,
        Sort = model.Id,
        Version = version,
        Body = DocumentJson.Write(model),
    };

    private async Task<IReadOnlyList<T>> ListAsync<T>(string collection, string searchId, string? sortPrefix, CancellationToken cancellation) =>
        [.. (await documents.ListAsync(collection, searchId, sortPrefix, null, cancellation)).Select(DocumentJson.Read<T>)];

    private async Task<SearchRecord?> ChangeSearchAsync(string searchId, Func<SearchRecord, SearchRecord?> change, CancellationToken cancellation)
    {
        while (true)
        {
            if (await documents.FindAsync(CollectionNames.Searches, searchId, cancellation) is not { } found
                || change(DocumentJson.Read<SearchRecord>(found)) is not { } changed)
            {
                return null;
            }

            if (await documents.ReplaceAsync(CollectionNames.Searches, Document(changed, found.Version + 1), found.Version, cancellation))
            {
                return changed;
            }
        }
    }
}
