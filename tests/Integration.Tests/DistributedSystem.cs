using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;
using LamdAgent.Planner.Submission;
using LamdAgent.Standalone.Tests;
using LamdAgent.Storage;
using LamdAgent.Storage.Mongo;
using LamdAgent.TestKit;

namespace LamdAgent.Integration.Tests;

/// <summary>Broker, store, artifact folder and the services, each a process of its own on loopback.</summary>
internal sealed class DistributedSystem : IAsyncDisposable
{
    private readonly TemporaryFolder artifacts = new();
    private readonly Dictionary<string, string> environment;
    private readonly List<ServiceProcess> services = [];

    private DistributedSystem(RabbitMqBroker broker, MongoStandIn mongo)
    {
        Broker = broker;
        Mongo = mongo;
        var database = $"lamd_{Guid.NewGuid():N}";
        Store = MongoRunStore.Open(mongo.ConnectionString, database);
        environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Bus__Url"] = broker.Uri.ToString(),
            ["Store__Url"] = mongo.ConnectionString,
            ["Store__Database"] = database,
            ["Artifacts__Folder"] = artifacts.Path,
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            // Short times, so that a test does not wait for them.
            ["Worker__Lease"] = "00:00:06",
            ["Worker__Heartbeat"] = "00:00:01",
            ["Planner__SweepInterval"] = "00:00:01",
            ["Planner__OwnershipLease"] = "00:00:06",
            ["Planner__ResendAfter"] = "00:00:15",
        };
    }

    public RabbitMqBroker Broker { get; }

    public MongoStandIn Mongo { get; }

    public IRunStore Store { get; }

    public static async Task<DistributedSystem> StartAsync()
    {
        var system = new DistributedSystem(await RabbitMqBroker.StartAsync(), await MongoStandIn.StartAsync());
        await system.Store.InitializeAsync(CancellationToken.None);
        TestContext.Current.TestOutputHelper?.WriteLine($"store: {system.Mongo.Description}");
        return system;
    }

    public ServiceProcess Start(string service)
    {
        var process = ServiceProcess.Start(service, environment);
        services.Add(process);
        return process;
    }

    public async Task<string> SubmitAsync(TinySearch search)
    {
        var prepared = SearchSubmission.Prepare(search["search.yaml"], "tiny", new SearchOverrides(), TimeProvider.System);
        await SearchSubmission.SubmitAsync(prepared, Store, CancellationToken.None);
        return prepared.Search.Id;
    }

    /// <summary>Waits until the ledger meets a condition, and gives it.</summary>
    public async Task<IReadOnlyList<StepRecord>> WaitAsync(Func<IReadOnlyList<StepRecord>, bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        while (true)
        {
            var steps = await TinySearch.ReadStepsAsync(Store);
            if (condition(steps))
            {
                return steps;
            }

            if (patience.IsCancellationRequested)
            {
                var ledger = string.Join('\n', steps.Select(step => $"{step.Id} {step.Action.Type} {step.State} attempt {step.Attempt} holder {step.LeaseHolder} {step.Failure?.Reason}"));
                throw new TimeoutException($"the ledger stands at\n{ledger}\n{string.Join('\n', services.Select(service => $"--- {service.Name}\n{service.Log}"))}");
            }

            await Task.Delay(50, CancellationToken.None);
        }
    }

    public async Task WaitForEndAsync(string searchId)
    {
        await WaitAsync(steps => steps.Count > 0 && steps.Any(step => step.Role == StepRole.Final) && steps.All(step => step.IsTerminal));
        while ((await Store.GetSearchAsync(searchId, CancellationToken.None))!.Status == SearchStatus.Running)
        {
            await Task.Delay(100);
        }
    }

    public async ValueTask DisposeAsync()
    {
        services.ForEach(service => service.Dispose());
        await ((IAsyncDisposable)Store).DisposeAsync();
        await Mongo.DisposeAsync();
        await Broker.DisposeAsync();
        artifacts.Dispose();
    }
}
