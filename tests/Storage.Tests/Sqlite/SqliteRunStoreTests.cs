using LamdAgent.Domain;
using LamdAgent.Storage.Sqlite;
using LamdAgent.TestKit;
using Microsoft.Data.Sqlite;

namespace LamdAgent.Storage.Tests.Sqlite;

public sealed class SqliteRunStoreTests : RunStoreContract
{
    private readonly TemporaryFolder folder = new();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        folder.Dispose();
    }

    [Fact]
    public void A_run_that_is_not_there_is_named() =>
        Should.Throw<InvalidInputException>(() => SqliteRunStore.Open(folder["none", "run.db"], mustExist: true)).Message.ShouldContain(Path.Combine("none", "run.db"));

    [Fact]
    public async Task A_file_that_is_no_database_is_refused()
    {
        await File.WriteAllTextAsync(folder["text.db"], new string('x', 5000), Cancellation);
        await Should.ThrowAsync<InvalidInputException>(() => SqliteRunStore.Open(folder["text.db"]).InitializeAsync(Cancellation));
    }

    [Fact]
    public async Task Somebody_elses_database_is_refused_and_left_alone()
    {
        await ExecuteAsync("foreign.db", "CREATE TABLE steps (x); PRAGMA user_version = 1;");
        var error = await Should.ThrowAsync<InvalidInputException>(() => SqliteRunStore.Open(folder["foreign.db"]).InitializeAsync(Cancellation));
        error.Message.ShouldContain("not made by lamd");
    }

    [Fact]
    public async Task A_schema_of_another_version_is_refused()
    {
        await ExecuteAsync("run.db", "PRAGMA user_version = 99");
        var again = await OpenAsync();
        (await Should.ThrowAsync<InvalidInputException>(() => again.InitializeAsync(Cancellation))).Message.ShouldContain("version 99");
    }

    protected override Task<IRunStore> OpenAsync() => Task.FromResult(SqliteRunStore.Open(folder["run.db"]));

    private async Task ExecuteAsync(string file, string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={folder[file]};Pooling=false");
        await connection.OpenAsync(Cancellation);
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(Cancellation);
    }
}
