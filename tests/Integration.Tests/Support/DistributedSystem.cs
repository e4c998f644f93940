using System.Globalization;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;
using LamdAgent.Planner.Submission;
using LamdAgent.Standalone.Tests;
using LamdAgent.Storage;
using LamdAgent.Storage.Mongo;
using LamdAgent.TestKit;

namespace LamdAgent.Integration.Tests.Support;

/// <summary>The services of one test, each a process of its own, with queues, database and artifact folder of their own.</summary>
internal sealed class DistributedSystem : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    private readonly TemporaryFolder artifacts = new();
    private readonly Laboratory laboratory;
    private readonly Dictionary<string, string> environment;
    private readonly List<ServiceProcess> services = [];

    private DistributedSystem(Laboratory laboratory, Uri bus, IReadOnlyDictionary<string, string>? settings)
    {
        this.laboratory = laboratory;
        Bus = bus;
        var database = $"lamd_{Guid.NewGuid():N}";
        Store = MongoRunStore.Open(laboratory.Mongo.ConnectionString, database);
        environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Bus__Url"] = bus.ToString(),
            ["Store__Url"] = laboratory.Mongo.ConnectionString,
            ["Store__Database"] = database,
            ["Artifacts__Folder"] = artifacts.Path,
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            ["DOTNET_TieredPGO"] = "0", // processes that live for seconds do not earn back what profiling costs
            // Short times, so that a test does not wait for them.
            ["Worker__Lease"] = "00:00:06",
            ["Worker__Heartbeat"] = "00:00:01",
            ["Planner__SweepInterval"] = "00:00:01",
            ["Planner__OwnershipLease"] = "00:00:06",
            ["Planner__ResendAfter"] = "00:00:15",
        };
        foreach (var (name, value) in settings ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            environment[name] = value;
        }
    }

    public Uri Bus { get; }

    public IRunStore Store { get; }

    /// <summary>Every process that was started, dead ones too.</summary>
    public IReadOnlyList<ServiceProcess> Services => services;

    /// <summary>Starts nothing yet but a database and a virtual host.</summary>
    /// <param name="laboratory">What tests share.</param>
    /// <param name="broker">Another broker than the shared one.</param>
    /// <param name="settings">Environment variables of all services, beside the usual ones.</param>
    public static async Task<DistributedSystem> CreateAsync(Laboratory laboratory, RabbitMqBroker? broker = null, IReadOnlyDictionary<string, string>? settings = null)
    {
        var bus = broker?.Uri ?? await laboratory.Broker.AddVirtualHostAsync($"test-{Guid.NewGuid():N}");
        var system = new DistributedSystem(laboratory, bus, settings);
        await system.Store.InitializeAsync(CancellationToken.None);
        TestContext.Current.TestOutputHelper?.WriteLine($"store: {laboratory.Mongo.Description}");
        return system;
    }

    /// <summary>Starts a service and returns at once: it is there when it is there.</summary>
    public ServiceProcess Start(string service)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{service.ToLowerInvariant()}-{services.Count + 1}");
        var process = ServiceProcess.Start(service, name, new Dictionary<string, string>(environment, StringComparer.Ordinal) { ["Worker__Name"] = name, ["Planner__Owner"] = name });
        services.Add(process);
        return process;
    }

    /// <summary>Starts services and waits until they take messages.</summary>
    public async Task<IReadOnlyList<ServiceProcess>> StartAsync(params string[] names)
    {
        ServiceProcess[] started = [.. names.Select(Start)];
        foreach (var service in started)
        {
            await service.WaitForLogAsync("Application started");
        }

        return started;
    }

    /// <summary>The queues that services take messages from.</summary>
    public async Task<IReadOnlyList<string>> InputQueuesAsync() =>
        [.. (await laboratory.Broker.ListQueuesAsync(Bus)).Where(queue => !queue.EndsWith("_error", StringComparison.Ordinal))];

    public async Task<string> SubmitAsync(string spec)
    {
        var prepared = SearchSubmission.Prepare(spec, Path.GetFileNameWithoutExtension(spec), new SearchOverrides(), TimeProvider.System);
        await SearchSubmission.SubmitAsync(prepared, Store, CancellationToken.None);
        return prepared.Search.Id;
    }

    /// <summary>The newest checkpoint that a step has on the shared volume; null when there is none.</summary>
    public int? NewestCheckpoint(string searchId, string stepId)
    {
        var folder = Path.Combine(artifacts.Path, searchId, "work", stepId);
        try
        {
            return !Directory.Exists(folder)
                ? null
                : Directory.EnumerateDirectories(folder, "checkpoint-*", SearchOption.AllDirectories)
                    .Select(path => int.TryParse(Path.GetFileName(path)["checkpoint-".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? step : (int?)null)
                    .Max();
        }
        catch (DirectoryNotFoundException)
        {
            return null; // moved while we looked
        }
    }

    /// <summary>Everything that is left in the artifact folder below a search, by relative path.</summary>
    public IReadOnlyList<string> ArtifactFolders(string searchId, string kind) =>
        Directory.Exists(Path.Combine(artifacts.Path, searchId, kind))
            ? [.. Directory.EnumerateDirectories(Path.Combine(artifacts.Path, searchId, kind)).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)]
            : [];

    /// <summary>Waits until a training is under way and has written a checkpoint; gives the step and who holds it.</summary>
    /// <param name="searchId">The search.</param>
    /// <param name="number">Which of the search's steps.</param>
    /// <param name="not">A worker that must not be the holder.</param>
    public async Task<(StepRecord Step, ServiceProcess Holder)> WaitForCheckpointAsync(string searchId, int number, ServiceProcess? not = null)
    {
        StepRecord? Held(IReadOnlyList<StepRecord> steps) => steps.FirstOrDefault(s =>
            s.Role == StepRole.Search && s.Number == number && s.State == StepState.Running && s.LeaseHolder is { } holder && holder != not?.Name && NewestCheckpoint(searchId, s.Id) is not null);
        var step = Held(await WaitAsync(searchId, steps => Held(steps) is not null))!;
        return (step, services.Single(service => service.Name == step.LeaseHolder));
    }

    /// <summary>Waits until the ledger of a search meets a condition, and gives it.</summary>
    public async Task<IReadOnlyList<StepRecord>> WaitAsync(string searchId, Func<IReadOnlyList<StepRecord>, bool> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var steps = await Store.ListStepsAsync(searchId, CancellationToken.None);
            if (condition(steps))
            {
                return steps;
            }

            if (patience.IsCancellationRequested)
            {
                var ledger = string.Join('\n', steps.Select(step => $"{step.Id} {step.Action.Type} {step.State} attempt {step.Attempt} holder {step.LeaseHolder} {step.Failure?.Reason}"));
                throw new TimeoutException($"the ledger stands at\n{ledger}\n{Logs()}");
            }

            await Task.Delay(200, CancellationToken.None);
        }
    }

    /// <summary>Waits for the end of a search: its ledger must be that of an undisturbed standalone run of the same spec.</summary>
    public async Task ShouldEndUndisturbedAsync(string searchId, string spec)
    {
        var steps = await WaitAsync(searchId, all => all.Any(step => step.Role == StepRole.Final) && all.All(step => step.IsTerminal));
        while ((await Store.GetSearchAsync(searchId, CancellationToken.None))!.Status == SearchStatus.Running)
        {
            await Task.Delay(200);
        }

        TinySearch.Ledger(steps).ShouldBe(await laboratory.UndisturbedAsync(spec), Logs());
    }

    public async ValueTask DisposeAsync()
    {
        services.ForEach(service => service.Dispose());
        await ((IAsyncDisposable)Store).DisposeAsync();
        artifacts.Dispose();
    }

    private string Logs() => string.Join('\n', services.Select(service => $"--- {service.Name}\n{service.Log}"));
}
