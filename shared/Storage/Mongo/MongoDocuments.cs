using LamdAgent.Domain;
using LamdAgent.Storage.Documents;
using MongoDB.Bson;
using MongoDB.Driver;

namespace LamdAgent.Storage.Mongo;

/// <summary>
/// Documents in MongoDB: natural keys as string <c>_id</c>, whose uniqueness every MongoDB enforces; writes acknowledged by a majority and journalled, so that a
/// failover loses nothing that was acknowledged; no transactions, so a standalone server does, too.
/// </summary>
internal sealed class MongoDocuments : IDocumentStore
{
    private const string SchemaCollection = "schema";

    private readonly MongoClient client;
    private readonly IMongoDatabase database;

    public MongoDocuments(string url, string databaseName)
    {
        var settings = MongoClientSettings.FromConnectionString(url);
        settings.ApplicationName = "lamdagent";
        settings.ServerSelectionTimeout = TimeSpan.FromSeconds(10);
        settings.RetryReads = true;
        settings.RetryWrites = true;
        settings.WriteConcern = WriteConcern.WMajority.With(journal: true);
        settings.ReadConcern = ReadConcern.Majority;
        settings.ReadPreference = ReadPreference.Primary;
        client = new MongoClient(settings);
        database = client.GetDatabase(databaseName);
    }

    public async Task InitializeAsync(CancellationToken cancellation)
    {
        var schema = Collection(SchemaCollection);
        await InsertOnceAsync(schema, new BsonDocument { ["_id"] = "schema", ["version"] = CollectionNames.SchemaVersion }, cancellation);
        var version = (await schema.Find(ById("schema")).SingleAsync(cancellation))["version"].ToInt32();
        if (version != CollectionNames.SchemaVersion)
        {
            throw new InvalidInputException(
                $"the database '{database.DatabaseNamespace.DatabaseName}' has schema version {version} and this lamd knows version {CollectionNames.SchemaVersion}; use the lamd that made it");
        }

        foreach (var name in CollectionNames.All)
        {
            await Collection(name).Indexes.CreateManyAsync(
                [
                    new(Builders<BsonDocument>.IndexKeys.Ascending("search").Ascending("sort"), new() { Name = "by_search" }),
                    new(
                        Builders<BsonDocument>.IndexKeys.Ascending("search").Ascending("sort").Ascending("open"),
                        new CreateIndexOptions<BsonDocument> { Name = "open", PartialFilterExpression = Builders<BsonDocument>.Filter.Eq("open", true) }),
                ],
                cancellation);
        }

        // Searches are listed across all of them: by time, and those of one status with every claim.
        await Collection(CollectionNames.Searches).Indexes.CreateManyAsync(
            [
                new(Builders<BsonDocument>.IndexKeys.Ascending("sort").Ascending("_id"), new() { Name = "by_time" }),
                new(Builders<BsonDocument>.IndexKeys.Ascending("status").Ascending("sort").Ascending("_id"), new() { Name = "by_status" }),
            ],
            cancellation);
    }

    public Task<bool> InsertAsync(string collection, StoredDocument document, CancellationToken cancellation) =>
        InsertOnceAsync(Collection(collection), ToBson(document), cancellation);

    public async Task<bool> ReplaceAsync(string collection, StoredDocument document, long expectedVersion, CancellationToken cancellation)
    {
        var filter = ById(document.Id) & Builders<BsonDocument>.Filter.Eq("version", expectedVersion);
        return (await Collection(collection).ReplaceOneAsync(filter, ToBson(document), cancellationToken: cancellation)).MatchedCount == 1;
    }

    public async Task PutAsync(string collection, IReadOnlyList<StoredDocument> documents, CancellationToken cancellation)
    {
        if (documents.Count > 0)
        {
            await Collection(collection).BulkWriteAsync(
                documents.Select(document => new ReplaceOneModel<BsonDocument>(ById(document.Id), ToBson(document)) { IsUpsert = true }),
                cancellationToken: cancellation);
        }
    }

    public async Task<StoredDocument?> FindAsync(string collection, string id, CancellationToken cancellation) =>
        await Collection(collection).Find(ById(id)).SingleOrDefaultAsync(cancellation) is { } found ? FromBson(found) : null;

    public async Task<IReadOnlyList<StoredDocument>> ListAsync(
        string collection, string? search, string? sortPrefix, string? status, CancellationToken cancellation)
    {
        var filter = Builders<BsonDocument>.Filter;
        var wanted = filter.Empty;
        if (search is not null)
        {
            wanted &= filter.Eq("search", search);
        }

        if (sortPrefix is { Length: > 0 })
        {
            // A range instead of a pattern: it is answered from the index, and no character of the prefix means anything else.
            wanted &= filter.Gte("sort", sortPrefix) & filter.Lt("sort", sortPrefix[..^1] + (char)(sortPrefix[^1] + 1));
        }

        if (status is not null)
        {
            wanted &= filter.Eq("status", status);
        }

        return await ReadAsync(collection, wanted, Builders<BsonDocument>.Sort.Ascending("sort").Ascending("_id"), cancellation);
    }

    public Task<IReadOnlyList<StoredDocument>> ListOpenAsync(string collection, string? search, CancellationToken cancellation) =>
        ReadAsync(collection, Builders<BsonDocument>.Filter.Eq("open", true) & (search is null ? Builders<BsonDocument>.Filter.Empty : Builders<BsonDocument>.Filter.Eq("search", search)), Builders<BsonDocument>.Sort.Ascending("search").Ascending("sort"), cancellation);

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    private static FilterDefinition<BsonDocument> ById(string id) => Builders<BsonDocument>.Filter.Eq("_id", id);

    private static async Task<bool> InsertOnceAsync(IMongoCollection<BsonDocument> collection, BsonDocument document, CancellationToken cancellation)
    {
        try
        {
            await collection.InsertOneAsync(document, cancellationToken: cancellation);
            return true;
        }
        catch (MongoWriteException e) when (e.WriteError?.Category == ServerErrorCategory.DuplicateKey)
        {
            return false;
        }
    }

    private static BsonDocument ToBson(StoredDocument document) => new()
    {
        ["_id"] = document.Id,
        ["search"] = document.Search,
        ["sort"] = document.Sort,
        ["status"] = document.Status,
        ["open"] = document.Open,
        ["version"] = document.Version,
        ["body"] = BsonJson.ToBson(document.Body),
    };

    private static StoredDocument FromBson(BsonDocument document) => new()
    {
        Id = document["_id"].AsString,
        Search = document["search"].AsString,
        Sort = document["sort"].AsString,
        Status = document["status"].AsString,
        Open = document["open"].AsBoolean,
        Version = document["version"].ToInt64(),
        Body = BsonJson.ToJson(document["body"].AsBsonDocument),
    };

    private async Task<IReadOnlyList<StoredDocument>> ReadAsync(
        string collection, FilterDefinition<BsonDocument> filter, SortDefinition<BsonDocument> order, CancellationToken cancellation)
    {
        var found = await Collection(collection).Find(filter).Sort(order).ToListAsync(cancellation);
        return [.. found.Select(FromBson)];
    }

    private IMongoCollection<BsonDocument> Collection(string name) => database.GetCollection<BsonDocument>(name);
}
