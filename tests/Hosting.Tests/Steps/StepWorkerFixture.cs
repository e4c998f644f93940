using System.Collections.Concurrent;
using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;
using LamdAgent.Hosting.Bus;
using LamdAgent.Hosting.Steps;
using LamdAgent.Storage;
using LamdAgent.Storage.Sqlite;
using LamdAgent.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace LamdAgent.Hosting.Tests.Steps;

/// <summary>A worker on a real store with one step that is due for training, and a clock that the test moves.</summary>
public sealed class StepWorkerFixture : IEventPublisher, IEnvironmentFaults, IAsyncDisposable
{
    private const string Spec = """
        name: a
        models: [{id: base, path: model}]
        datasets: [{id: tools, path: tools.jsonl, format: messages}]
        tasks: [{id: calls, path: calls.yaml}]
        actions: {sft: {learning_rate: [1e-4]}}
        budget: {steps: 2}
        """;

    private readonly TemporaryFolder folder = new();

    public StepWorkerFixture() => Store = SqliteRunStore.Open(folder["run.db"]);

    public IRunStore Store { get; }

    public ManualClock Clock { get; } = new();

    public StoppableLifetime Lifetime { get; } = new();

    public ConcurrentQueue<object> Events { get; } = [];

    public ConcurrentQueue<Exception> Faults { get; } = [];

    public WorkerOptions Options { get; } = new() { Name = "me", MaxAttempts = 3 };

    public async ValueTask InitializeAsync()
    {
        await Store.InitializeAsync(CancellationToken.None);
        await AddSearchAsync("a", priority: 0);
    }

    /// <summary>A search with one step.</summary>
    public async Task AddSearchAsync(string id, int priority)
    {
        await Store.CreateSearchAsync(
            new SearchRecord
            {
                Id = id, Priority = priority, SpecYaml = Spec, SpecFile = "search.yaml", SpecFolder = folder.Path, CreatedAt = Clock.GetUtcNow(),
                Datasets = [new DatasetInput("tools", folder["tools.jsonl"], "abc", 1)],
            },
            CancellationToken.None);
        await Store.InsertStepAsync(
            new StepRecord
            {
                SearchId = id, Id = "s-0001", Number = 1, Role = StepRole.Search, ActionKey = "k", Seed = 1, ModelId = "m-0002", PlannedAt = Clock.GetUtcNow(),
                Action = new PipelineAction { Type = "sft", Kind = ActionKind.Train, Models = ["m-0001"], Datasets = ["tools"] },
            },
            CancellationToken.None);
    }

    public async Task RunAsync(StepStage stage, Func<StepWork, CancellationToken, Task<StepOutcome>> work, string search = "a")
    {
        var options = Microsoft.Extensions.Options.Options.Create(Options);
        using var activity = new WorkActivity(Lifetime, Clock, options, NullLogger<WorkActivity>.Instance);
        var services = new ServiceCollection().AddSingleton<IEnvironmentFaults>(this).BuildServiceProvider();
        var worker = new StepWorker(Store, this, Clock, options, Lifetime, activity, services, NullLogger<StepWorker>.Instance);
        await worker.RunAsync(search, "s-0001", stage, work, CancellationToken.None);
    }

    public Task ProduceAsync() =>
        RunAsync(StepStage.Train, (_, _) => Task.FromResult<StepOutcome>(new StepOutcome.Produced(new ProducedModel("digest", "models/m-0002", 5))));

    public async Task<StepRecord> GetStepAsync() => (await Store.GetStepAsync("a", "s-0001", CancellationToken.None))!;

    public async Task ClaimAsAnotherAsync() =>
        (await Store.ClaimStepAsync("a", "s-0001", StepStage.Train, "another", Clock.GetUtcNow(), Clock.GetUtcNow().AddMinutes(5), CancellationToken.None))
            .Outcome.ShouldBe(ClaimOutcome.Claimed);

    /// <summary>Lets one heartbeat time pass and waits until the heartbeat was written.</summary>
    public async Task AdvanceOneHeartbeatAsync()
    {
        var before = (await GetStepAsync()).Version;
        while ((await GetStepAsync()).Version == before)
        {
            await Clock.FireAsync(Options.Heartbeat);
        }
    }

    /// <summary>Lets heartbeats happen until the work is told to stop.</summary>
    public async Task AdvanceUntilCancelledAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Clock.FireAsync(Options.Heartbeat);
        }
    }

    public Task PublishAsync<TEvent>(TEvent message, CancellationToken cancellationToken)
        where TEvent : class
    {
        Events.Enqueue(message);
        return Task.CompletedTask;
    }

    public void Report(Exception fault) => Faults.Enqueue(fault);

    public async ValueTask DisposeAsync()
    {
        await ((IAsyncDisposable)Store).DisposeAsync();
        folder.Dispose();
    }
}
