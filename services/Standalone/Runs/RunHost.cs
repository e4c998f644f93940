using LamdAgent.Evaluator;
using LamdAgent.Hosting.Bus;
using LamdAgent.Hosting.Steps;
using LamdAgent.Merger;
using LamdAgent.Planner;
using LamdAgent.Storage;
using LamdAgent.Storage.Artifacts;
using LamdAgent.Storage.Sqlite;
using LamdAgent.Trainer;

namespace LamdAgent.Standalone.Runs;

/// <summary>The whole system in one process: planner, trainer, merger and evaluator on an in-memory bus, with the run's folder as store.</summary>
internal static class RunHost
{
    public static IHost Build(RunFolder run, EnvironmentFaults faults, StepSignal signal)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddProvider(new LogFile(run["lamd.log"]));
        builder.Logging.AddFilter("MassTransit", LogLevel.Warning).AddFilter("Microsoft", LogLevel.Warning);

        builder.Services.AddSingleton(SqliteRunStore.Open(run.Database));
        builder.Services.AddSingleton<IArtifactStore>(new FolderArtifactStore(run.Path, oneSearch: true));
        builder.Services.AddSingleton<IEnvironmentFaults>(faults);
        builder.Services.AddSingleton(signal);
        builder.Services.AddPlanner();
        builder.Services.AddTrainer();
        builder.Services.AddMerger();
        builder.Services.AddEvaluator();
        builder.Services.AddBus(BusTransport.InMemory, bus => StepSignalHandler.Register(bus.AddTrainerQueues().AddMergerQueues().AddEvaluatorQueues()));

        // The run's lock says that this is the only process at work on it.
        builder.Services.Configure<PlannerOptions>(options => options.Owner = "standalone");
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(45));
        return builder.Build();
    }
}
