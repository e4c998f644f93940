using LamdAgent.Hosting.Bus;
using LamdAgent.Hosting.Steps;
using LamdAgent.Trainer.TrainModel;

namespace LamdAgent.Trainer;

/// <summary>The trainer's only wiring, the same in its own process and in the standalone program.</summary>
public static class TrainerServiceCollectionExtensions
{
    /// <summary>What the handlers need. Run store and artifact store are the host's to add.</summary>
    public static IServiceCollection AddTrainer(this IServiceCollection services)
    {
        services.AddStepWorker();
        services.AddSingleton<ModelTraining>();
        return services;
    }

    /// <summary>The queues. One training at a time: it takes the whole device.</summary>
    public static BusRegistration AddTrainerQueues(this BusRegistration bus) => bus.HandleCommand<Contracts.TrainModel, TrainModelHandler>(concurrency: 1);
}
