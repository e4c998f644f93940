using LamdAgent.Hosting.Bus;
using LamdAgent.Hosting.Steps;
using LamdAgent.Merger.MergeModels;

namespace LamdAgent.Merger;

/// <summary>The merger's only wiring, the same in its own process and in the standalone program.</summary>
public static class MergerServiceCollectionExtensions
{
    /// <summary>What the handlers need. Run store and artifact store are the host's to add.</summary>
    public static IServiceCollection AddMerger(this IServiceCollection services)
    {
        services.AddStepWorker();
        services.AddSingleton<ModelMerging>();
        return services;
    }

    /// <summary>The queues.</summary>
    public static BusRegistration AddMergerQueues(this BusRegistration bus) => bus.HandleCommand<Contracts.MergeModels, MergeModelsHandler>(concurrency: 1);
}
