namespace LamdAgent.Storage.Documents;

/// <summary>The few atomic operations on single documents that a run store is built from; one implementation for each database.</summary>
internal interface IDocumentStore : IAsyncDisposable
{
    /// <summary>Makes or checks collections, indexes and the schema version.</summary>
    Task InitializeAsync(CancellationToken cancellation);

    /// <summary>Inserts; false when the id is taken.</summary>
    Task<bool> InsertAsync(string collection, StoredDocument document, CancellationToken cancellation);

    /// <summary>Replaces the document that has this id and version by one with the next version; false when there is none such.</summary>
    Task<bool> ReplaceAsync(string collection, StoredDocument document, long expectedVersion, CancellationToken cancellation);

    /// <summary>Inserts or overwrites.</summary>
    Task PutAsync(string collection, IReadOnlyList<StoredDocument> documents, CancellationToken cancellation);

    /// <summary>The document, or null when there is none.</summary>
    Task<StoredDocument?> FindAsync(string collection, string id, CancellationToken cancellation);

    /// <summary>The documents of a search (null: of all) in their order; with a sort prefix only those, with a status only those.</summary>
    Task<IReadOnlyList<StoredDocument>> ListAsync(
        string collection, string? search, string? sortPrefix, string? status, CancellationToken cancellation);

    /// <summary>The open documents of a search (null: of all) in their order.</summary>
    Task<IReadOnlyList<StoredDocument>> ListOpenAsync(string collection, string? search, CancellationToken cancellation);
}
