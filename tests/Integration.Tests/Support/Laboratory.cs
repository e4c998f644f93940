using System.Collections.Concurrent;
using System.Globalization;
using LamdAgent.Integration.Tests.Support;
using LamdAgent.Standalone.Tests;
using LamdAgent.TestKit;

[assembly: AssemblyFixture(typeof(Laboratory))]
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)] // each test has processes enough for all cores

namespace LamdAgent.Integration.Tests.Support;

/// <summary>
/// What all tests share because it takes long to make: the inputs of the searches, a broker (each test has a virtual host of its own), a store (a database each), and the ledgers of undisturbed standalone runs.
/// </summary>
public sealed class Laboratory : IAsyncLifetime
{
    /// <summary>Optimizer steps of a training that is long enough to be disturbed in its middle.</summary>
    public const int LongTrainingSteps = 600;

    private readonly ConcurrentDictionary<string, Task<IReadOnlyList<string>>> undisturbed = new(StringComparer.Ordinal);
    private TinySearch? inputs;
    private RabbitMqBroker? broker;
    private MongoStandIn? mongo;

    internal RabbitMqBroker Broker => broker!;

    internal MongoStandIn Mongo => mongo!;

    /// <summary>Six steps of trainings and merges, each a second long.</summary>
    internal string Tiny => inputs!["search.yaml"];

    /// <summary>Two steps of the same kind.</summary>
    internal string Short => Variant("short", ("steps: 6", "steps: 2"));

    /// <summary>Two trainings of about five seconds each, with ten checkpoints.</summary>
    internal string LongTrainings => Variant(
        "long",
        ("steps: 6", "steps: 2"),
        ("max_steps: 12", string.Create(CultureInfo.InvariantCulture, $"max_steps: {LongTrainingSteps}")),
        ("save_steps: 4", "save_steps: 60"),
        ("seed: 3\n", "seed: 3\nreference: off\n"),
        ("  linear: {weight: [[0.5, 0.5], [0.7, 0.3]]}\n", ""),
        ("  ties: {density: [0.5], weight: [0.5]}\n", ""));

    /// <summary>Six steps, several of them under way at once.</summary>
    internal string InFlight(int seed, int stepsInFlight) => Variant(
        string.Create(CultureInfo.InvariantCulture, $"seed-{seed}"),
        ("seed: 3\n", string.Create(CultureInfo.InvariantCulture, $"seed: {seed}\nplanner: {{steps_in_flight: {stepsInFlight}}}\n")));

    public async ValueTask InitializeAsync()
    {
        Environment.SetEnvironmentVariable("OMP_NUM_THREADS", "1"); // for all processes that tests start: many of them share few cores
        var starting = RabbitMqBroker.StartAsync();
        mongo = await MongoStandIn.StartAsync();
        inputs = await TinySearch.CreateAsync();
        broker = await starting;
    }

    public async ValueTask DisposeAsync()
    {
        if (broker is not null)
        {
            await broker.DisposeAsync();
        }

        if (mongo is not null)
        {
            await mongo.DisposeAsync();
        }

        inputs?.Dispose();
    }

    /// <summary>The ledger of an undisturbed standalone run of a spec; each is run once.</summary>
    internal Task<IReadOnlyList<string>> UndisturbedAsync(string spec) => undisturbed.GetOrAdd(spec, async file =>
    {
        var run = $"alone-{Path.GetFileNameWithoutExtension(file)}";
        var (code, _, errors) = await LamdProcess.RunAsync(inputs!.Folder, "run", file, "--out", run);
        code.ShouldBe(0, errors);
        return await inputs.LedgerAsync(run);
    });

    private string Variant(string name, params (string Old, string New)[] changes)
    {
        var text = File.ReadAllText(Tiny);
        foreach (var (old, with) in changes)
        {
            text.ShouldContain(old);
            text = text.Replace(old, with, StringComparison.Ordinal);
        }

        var file = inputs![$"{name}.yaml"];
        File.WriteAllText(file, text);
        return file;
    }
}
