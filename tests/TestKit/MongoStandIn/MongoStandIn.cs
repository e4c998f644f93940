using System.Diagnostics;
using System.Runtime.InteropServices;

namespace LamdAgent.TestKit;

/// <summary>
/// A server on loopback that speaks enough of MongoDB's wire protocol for the store's tests (see <c>server.mjs</c> for what it is not).
/// A real MongoDB is used instead when its connection string is in <c>LAMD_TEST_MONGODB</c>.
/// </summary>
public sealed class MongoStandIn : IAsyncDisposable
{
    private readonly Process? _process;

    private MongoStandIn(string connectionString, string description, Process? process)
    {
        ConnectionString = connectionString;
        Description = description;
        _process = process;
    }

    /// <summary>What a driver connects to.</summary>
    public string ConnectionString { get; }

    /// <summary>Which of the two it is, for the test output.</summary>
    public string Description { get; }

    /// <summary>Takes the given MongoDB, or starts the stand-in and waits until it listens.</summary>
    public static async Task<MongoStandIn> StartAsync()
    {
        if (Environment.GetEnvironmentVariable("LAMD_TEST_MONGODB") is { Length: > 0 } given)
        {
            return new MongoStandIn(given, "the MongoDB of LAMD_TEST_MONGODB", null);
        }

        var modules = Path.Combine(Repository.Root, "artifacts", "mongo-stand-in");
        if (!File.Exists(Path.Combine(modules, "installed.json")))
        {
            throw new InvalidOperationException("The MongoDB stand-in is not installed; run tests/setup-mongo-stand-in.sh, or set LAMD_TEST_MONGODB.");
        }

        var start = new ProcessStartInfo("node", [Path.Combine(Repository.Root, "tests", "TestKit", "MongoStandIn", "server.mjs"), "0"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        start.Environment["LAMD_MONGO_STAND_IN"] = modules;
        var process = Process.Start(start)!;
        var line = await process.StandardOutput.ReadLineAsync() ?? "";
        // Poll: the stand-in answers at once to the question that MongoDB answers when something changes, so drivers would ask it in a busy loop.
        return line.StartsWith("listening ", StringComparison.Ordinal)
            ? new MongoStandIn($"mongodb://127.0.0.1:{line[10..]}/?directConnection=true&serverMonitoringMode=poll", "the wire-protocol stand-in (not MongoDB)", process)
            : throw new InvalidOperationException($"The MongoDB stand-in did not start: {line}");
    }

    /// <summary>Makes the stand-in deaf, as a network partition would; what it holds stays. Not for a real MongoDB.</summary>
    public void Suspend() => Signal(Sigstop);

    /// <summary>Ends <see cref="Suspend"/>.</summary>
    public void Continue() => Signal(Sigcont);

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            Continue();
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }
    }

    private const int Sigcont = 18;
    private const int Sigstop = 19;

    private void Signal(int signal)
    {
        if (Kill((_process ?? throw new InvalidOperationException("Only the stand-in can be suspended.")).Id, signal) != 0)
        {
            throw new InvalidOperationException($"kill failed with {Marshal.GetLastPInvokeError()}");
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int Kill(int pid, int signal);
}
