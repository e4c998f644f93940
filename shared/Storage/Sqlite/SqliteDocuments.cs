using System.Globalization;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Storage.Documents;
using Microsoft.Data.Sqlite;

namespace LamdAgent.Storage.Sqlite;

/// <summary>
/// Documents in SQLite: a table a collection. One connection, used by one caller at a time (an operation takes well under a millisecond); other processes wait
/// for each other through SQLite's own locks. WAL, so that readers never wait; synchronous FULL, because a step stands for minutes of work and
/// an fsync costs a few milliseconds: also a power cut loses nothing that was acknowledged.
/// </summary>
internal sealed class SqliteDocuments : IDocumentStore
{
    private const int ApplicationId = 0x6C616D64; // "lamd"
    private const int Full = 13;
    private const int NotADatabase = 26;

    private readonly string path;
    private readonly SqliteConnection connection;
    private readonly SemaphoreSlim gate = new(1);

    public SqliteDocuments(string path)
    {
        this.path = path;
        connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 30 }.ToString());
    }

    public Task InitializeAsync(CancellationToken cancellation) => UseAsync(
        () =>
        {
            Execute("PRAGMA busy_timeout = 30000");
            Execute("PRAGMA journal_mode = WAL");
            Execute("PRAGMA synchronous = FULL");
            using var transaction = connection.BeginTransaction(deferred: false);
            var version = ReadNumber("PRAGMA user_version");
            if (version == 0 && ReadNumber("SELECT count(*) FROM sqlite_master") == 0)
            {
                foreach (var table in CollectionNames.All)
                {
                    Execute($"""
                        CREATE TABLE {table} (id TEXT PRIMARY KEY, search TEXT NOT NULL, sort TEXT NOT NULL, status TEXT NOT NULL, open INTEGER NOT NULL, version INTEGER NOT NULL, body TEXT NOT NULL);
                        CREATE INDEX {table}_by_search ON {table} (search, sort);
                        CREATE INDEX {table}_open ON {table} (id) WHERE open = 1;
                        """);
                }

                Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {CollectionNames.SchemaVersion};"));
            }
            else if (ReadNumber("PRAGMA application_id") != ApplicationId)
            {
                throw new InvalidInputException(path, null, "this database was not made by lamd; name another folder");
            }
            else if (version != CollectionNames.SchemaVersion)
            {
                throw new InvalidInputException(path, null, $"this run has schema version {version} and this lamd knows version {CollectionNames.SchemaVersion}; use the lamd that made it");
            }

            transaction.Commit();
            return true;
        },
        cancellation);

    public Task<bool> InsertAsync(string collection, StoredDocument document, CancellationToken cancellation) =>
        UseAsync(() => Write($"INSERT INTO {collection} (id, search, sort, status, open, version, body) VALUES ($id, $search, $sort, $status, $open, $version, $body) ON CONFLICT (id) DO NOTHING", document) == 1, cancellation);

    public Task<bool> ReplaceAsync(string collection, StoredDocument document, long expectedVersion, CancellationToken cancellation) =>
        UseAsync(
            () => Write(
                $"UPDATE {collection} SET search = $search, sort = $sort, status = $status, open = $open, version = $version, body = $body WHERE id = $id AND version = $expected",
                document,
                expectedVersion) == 1,
            cancellation);

    public Task PutAsync(string collection, IReadOnlyList<StoredDocument> documents, CancellationToken cancellation) =>
        UseAsync(
            () =>
            {
                using var transaction = connection.BeginTransaction(deferred: false); // for speed: one fsync
                foreach (var document in documents)
                {
                    Write($"INSERT OR REPLACE INTO {collection} (id, search, sort, status, open, version, body) VALUES ($id, $search, $sort, $status, $open, $version, $body)", document);
                }

                transaction.Commit();
                return true;
            },
            cancellation);

    public Task<StoredDocument?> FindAsync(string collection, string id, CancellationToken cancellation) =>
        UseAsync(() => Read($"SELECT id, search, sort, status, open, version, body FROM {collection} WHERE id = $id", ("$id", id)).SingleOrDefault(), cancellation);

    public Task<IReadOnlyList<StoredDocument>> ListAsync(
        string collection, string? search, string? sortPrefix, string? status, CancellationToken cancellation) =>
        UseAsync<IReadOnlyList<StoredDocument>>(
            () => Read(
                $"""
                SELECT id, search, sort, status, open, version, body FROM {collection}
                WHERE ($search IS NULL OR search = $search) AND ($prefix IS NULL OR substr(sort, 1, length($prefix)) = $prefix) AND ($status IS NULL OR status = $status)
                ORDER BY sort, id
                """,
                ("$search", search),
                ("$prefix", sortPrefix),
                ("$status", status)),
            cancellation);

    public Task<IReadOnlyList<StoredDocument>> ListOpenAsync(string collection, string? search, CancellationToken cancellation) =>
        UseAsync<IReadOnlyList<StoredDocument>>(
            () => Read($"SELECT id, search, sort, status, open, version, body FROM {collection} WHERE open = 1 AND ($search IS NULL OR search = $search) ORDER BY search, sort", ("$search", search)), cancellation);

    public async ValueTask DisposeAsync()
    {
        await gate.WaitAsync();
        await connection.DisposeAsync();
        gate.Dispose();
    }

    private async Task<T> UseAsync<T>(Func<T> operation, CancellationToken cancellation)
    {
        await gate.WaitAsync(cancellation);
        try
        {
            if (connection.State != System.Data.ConnectionState.Open)
            {
                connection.Open();
            }

            return operation();
        }
        catch (SqliteException e) when (e.SqliteErrorCode == Full)
        {
            throw DiskFull.Error(path, e);
        }
        catch (SqliteException e) when (e.SqliteErrorCode == NotADatabase)
        {
            throw new InvalidInputException(path, null, "not a database of lamd", e);
        }
        finally
        {
            gate.Release();
        }
    }

    private int Write(string sql, StoredDocument document, long? expectedVersion = null)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("$id", document.Id);
        command.Parameters.AddWithValue("$search", document.Search);
        command.Parameters.AddWithValue("$sort", document.Sort);
        command.Parameters.AddWithValue("$status", document.Status);
        command.Parameters.AddWithValue("$open", document.Open ? 1 : 0);
        command.Parameters.AddWithValue("$version", document.Version);
        command.Parameters.AddWithValue("$body", document.Body);
        if (expectedVersion is { } expected)
        {
            command.Parameters.AddWithValue("$expected", expected);
        }

        return command.ExecuteNonQuery();
    }

    private List<StoredDocument> Read(string sql, params (string Name, string? Value)[] parameters)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, (object?)value ?? DBNull.Value);
        }

        using var reader = command.ExecuteReader();
        var documents = new List<StoredDocument>();
        while (reader.Read())
        {
            documents.Add(new StoredDocument
            {
                Id = reader.GetString(0),
                Search = reader.GetString(1),
                Sort = reader.GetString(2),
                Status = reader.GetString(3),
                Open = reader.GetInt64(4) == 1,
                Version = reader.GetInt64(5),
                Body = reader.GetString(6),
            });
        }

        return documents;
    }

    private void Execute(string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private long ReadNumber(string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }
}
