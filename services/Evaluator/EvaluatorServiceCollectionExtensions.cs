using LamdAgent.Evaluator.EvaluateModel;
using LamdAgent.Hosting.Bus;
using LamdAgent.Hosting.Steps;

namespace LamdAgent.Evaluator;

/// <summary>The evaluator's only wiring, the same in its own process and in the standalone program.</summary>
public static class EvaluatorServiceCollectionExtensions
{
    /// <summary>What the handlers need. Run store and artifact store are the host's to add.</summary>
    public static IServiceCollection AddEvaluator(this IServiceCollection services)
    {
        services.AddStepWorker();
        services.AddSingleton<ILanguageModelLoader, TorchLanguageModelLoader>();
        services.AddSingleton<ModelScoring>();
        return services;
    }

    /// <summary>The queues.</summary>
    public static BusRegistration AddEvaluatorQueues(this BusRegistration bus) => bus.HandleCommand<Contracts.EvaluateModel, EvaluateModelHandler>(concurrency: 1);
}
