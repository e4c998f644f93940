using LamdAgent.Domain;
using LamdAgent.Storage.Mongo;
using LamdAgent.TestKit;

namespace LamdAgent.Storage.Tests.Mongo;

/// <summary>The contract on the MongoDB of <c>LAMD_TEST_MONGODB</c>, else on the stand-in; the output of the first test says which.</summary>
public sealed class MongoRunStoreTests(MongoStandInFixture fixture) : RunStoreContract, IClassFixture<MongoStandInFixture>
{
    private readonly string database = $"lamd-test-{Guid.NewGuid():N}";

    [Fact]
    public void The_server_that_ran_is_named() =>
        TestContext.Current.TestOutputHelper!.WriteLine($"the store's contract ran on {fixture.Server.Description}");

    [Fact]
    public async Task A_connection_string_cannot_ask_for_less_than_a_majority()
    {
        var separator = fixture.Server.ConnectionString.Contains('?', StringComparison.Ordinal) ? '&' : '?';
        var store = MongoRunStore.Open($"{fixture.Server.ConnectionString}{separator}w=0&retryWrites=false", database);
        await using var disposable = (IAsyncDisposable)store;

        // With w=0 nobody would hear that the id is taken.
        (await store.CreateSearchAsync(Search("once"), Cancellation)).ShouldBeTrue();
        (await store.CreateSearchAsync(Search("once"), Cancellation)).ShouldBeFalse();
    }

    [Fact]
    public void A_connection_string_that_cannot_be_read_is_not_repeated() =>
        Should.Throw<InvalidInputException>(() => MongoRunStore.Open("mongo://user:secret@host", "x")).Message.ShouldNotContain("secret");

    protected override Task<IRunStore> OpenAsync() => Task.FromResult(MongoRunStore.Open(fixture.Server.ConnectionString, database));
}

/// <summary>One server for the class.</summary>
public sealed class MongoStandInFixture : IAsyncLifetime
{
    public MongoStandIn Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await MongoStandIn.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
