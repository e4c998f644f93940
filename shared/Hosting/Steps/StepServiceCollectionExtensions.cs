using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace LamdAgent.Hosting.Steps;

/// <summary>Adds the machinery around steps to a process.</summary>
public static class StepServiceCollectionExtensions
{
    /// <summary>For trainers, mergers and evaluators: <see cref="StepWorker"/>.</summary>
    public static IServiceCollection AddStepWorker(this IServiceCollection services)
    {
        services.TryAddSingleton<StepWorker>();
        services.TryAddSingleton<WorkActivity>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, WorkActivity>(provider => provider.GetRequiredService<WorkActivity>()));
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<WorkerOptions>, WorkerOptionsValidator>());
        services.AddOptions<WorkerOptions>().BindConfiguration(WorkerOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        return services;
    }
}
