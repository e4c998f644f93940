namespace LamdAgent.Standalone.Tests;

/// <summary>A tiny search that was run once, undisturbed, to its end; shared by the tests.</summary>
public sealed class FinishedSearch : IAsyncLifetime
{
    private TinySearch? search;

    /// <summary>Name of the run's folder.</summary>
    public static string Run => "undisturbed";

    internal TinySearch Search => search!;

    /// <summary>What it printed.</summary>
    public string Output { get; private set; } = "";

    /// <summary>What it said meanwhile.</summary>
    public string Errors { get; private set; } = "";

    /// <summary>Its ledger.</summary>
    public IReadOnlyList<string> Ledger { get; private set; } = [];

    public async ValueTask InitializeAsync()
    {
        search = await TinySearch.CreateAsync();
        (var code, Output, Errors) = await LamdProcess.RunAsync(search.Folder, "run", "search.yaml", "--out", Run, "--json");
        code.ShouldBe(0, Errors);
        Ledger = await search.LedgerAsync(Run);
    }

    public ValueTask DisposeAsync()
    {
        search?.Dispose();
        return ValueTask.CompletedTask;
    }
}
