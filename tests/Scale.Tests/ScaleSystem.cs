using System.Diagnostics;
using LamdAgent.Contracts;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;
using LamdAgent.Hosting.Bus;
using LamdAgent.Hosting.Services;
using LamdAgent.Hosting.Steps;
using LamdAgent.Planner;
using LamdAgent.Planner.Messages;
using LamdAgent.Storage;
using LamdAgent.Storage.Mongo;
using LamdAgent.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace LamdAgent.Scale.Tests;

/// <summary>Broker and store as processes, and any number of service hosts, composed as the services' programs do it, with <see cref="IdleWork"/> instead of trainings and evaluations.</summary>
public sealed class ScaleSystem : IAsyncLifetime
{
    private readonly TemporaryFolder folder = new();
    private readonly List<WebApplication> hosts = [];
    private readonly string database = $"lamd_{Guid.NewGuid():N}";

    internal RabbitMqBroker Broker { get; private set; } = null!;

    internal MongoStandIn Mongo { get; private set; } = null!;

    internal IRunStore Store { get; private set; } = null!;

    internal string StoreDescription => Mongo.Description;

    public async ValueTask InitializeAsync()
    {
        (Broker, Mongo) = (await RabbitMqBroker.StartAsync(), await MongoStandIn.StartAsync());
        Store = MongoRunStore.Open(Mongo.ConnectionString, database);
        await Store.InitializeAsync(CancellationToken.None);
    }

    internal Task<Uri> StartPlannerAsync() => StartAsync(
        "planner", new IdleWork(), services => services.AddPlanner().AddPlannerService(),
        bus => SearchEvents.Register(bus.SendCommand<TrainModel>().SendCommand<MergeModels>().SendCommand<EvaluateModel>()));

    internal Task<Uri> StartTrainerAsync(IdleWork work) => StartAsync("trainer", work, services => services.AddStepWorker(), bus => bus.HandleCommand<TrainModel, IdleTrainer>());

    internal Task<Uri> StartMergerAsync(IdleWork work) => StartAsync("merger", work, services => services.AddStepWorker(), bus => bus.HandleCommand<MergeModels, IdleMerger>());

    internal Task<Uri> StartEvaluatorAsync(IdleWork work) => StartAsync("evaluator", work, services => services.AddStepWorker(), bus => bus.HandleCommand<EvaluateModel, IdleEvaluator>());

    /// <summary>Puts a search into the store; a planner finds it with its next sweep.</summary>
    internal async Task SubmitAsync(string id, int steps, int inFlight, int priority = 0, bool merges = true)
    {
        var now = TimeProvider.System.GetUtcNow();
        await Store.InsertModelAsync(new ModelRecord { SearchId = id, Id = "m-0001", Digest = "base", Artifact = folder["base"], CreatedAt = now }, CancellationToken.None);
        await Store.CreateSearchAsync(
            new SearchRecord
            {
                Id = id,
                SpecYaml = $$"""
                    name: {{id}}
                    models: [{id: base, path: base}]
                    datasets: [{id: a, path: a.jsonl, format: messages}, {id: b, path: b.jsonl, format: messages}]
                    tasks: [{id: idle, path: idle.yaml}]
                    actions:
                      sft: {learning_rate: [{{string.Join(", ", Enumerable.Range(1, 20).Select(i => FormattableString.Invariant($"{i}e-6")))}}]}
                    {{(merges ? "  linear: {weight: [[0.5, 0.5], [0.7, 0.3]]}" : "")}}
                    planner: {strategy: random, steps_in_flight: {{inFlight}}}
                    budget: {steps: {{steps}}}
                    """,
                SpecFile = "search.yaml",
                SpecFolder = folder.Path,
                Datasets = [.. new[] { "a", "b" }.Select(data => new DatasetInput(data, folder[$"{data}.jsonl"], data, 1))],
                Priority = priority,
                CreatedAt = now,
            },
            CancellationToken.None);
    }

    /// <summary>A command that costs its way to the broker only: the planner finds no such search.</summary>
    internal Task SendToNobodyAsync() => hosts[^1].Services.GetRequiredService<ICommandSender>().SendAsync(new StartSearch { SearchId = "nobody" }, CancellationToken.None);

    internal async Task<IReadOnlyList<StepRecord>> WaitForEndAsync(string search, TimeSpan patience, Action? meanwhile = null)
    {
        var waiting = Stopwatch.StartNew();
        while (await Store.GetSearchAsync(search, CancellationToken.None) is not { Status: SearchStatus.Completed })
        {
            waiting.Elapsed.ShouldBeLessThan(patience, $"the search {search} does not end");
            meanwhile?.Invoke();
            await Task.Delay(100);
        }

        return await Store.ListStepsAsync(search, CancellationToken.None);
    }

    /// <summary>Stops the services; broker, store and what is in them stay.</summary>
    internal async Task StopServicesAsync()
    {
        await Task.WhenAll(hosts.Select(async host =>
        {
            await host.StopAsync();
            await host.DisposeAsync();
        }));
        hosts.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await StopServicesAsync();
        await ((IAsyncDisposable)Store).DisposeAsync();
        await Mongo.DisposeAsync();
        await Broker.DisposeAsync();
        folder.Dispose();
    }

    private async Task<Uri> StartAsync(string service, IdleWork work, Action<IServiceCollection> add, Action<BusRegistration> queues)
    {
        string[] settings =
        [
            "--urls=http://127.0.0.1:0", $"--Bus:Url={Broker.Uri}", $"--Store:Url={Mongo.ConnectionString}", $"--Store:Database={database}", $"--Artifacts:Folder={folder.Path}",
            "--Planner:SweepInterval=00:00:01", "--Logging:LogLevel:Default=Warning",
        ];
        var host = ServiceHost.Build(settings, service, services => add(services.AddSingleton(work)), queues);
        hosts.Add(host);
        await host.StartAsync();
        return new Uri(host.Urls.Single());
    }
}
