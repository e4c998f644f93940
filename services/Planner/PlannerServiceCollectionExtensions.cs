using LamdAgent.Planner.Agent;
using LamdAgent.Planner.Api;
using LamdAgent.Planner.Messages;
using LamdAgent.Planner.Strategies;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace LamdAgent.Planner;

/// <summary>The planner's only wiring, the same in its own process and in the standalone program.</summary>
public static class PlannerServiceCollectionExtensions
{
    /// <summary>What driving searches needs. Run store and bus are the host's to add.</summary>
    public static IServiceCollection AddPlanner(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<PlannerOptions>().BindConfiguration(PlannerOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<IStepDispatcher, BusStepDispatcher>();
        services.AddSingleton(provider => new StrategyFactory(
            provider.GetRequiredService<Storage.IRunStore>(),
            spec => new OpenAiChatModel(spec, Environment.GetEnvironmentVariable, provider.GetRequiredService<TimeProvider>()),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<Microsoft.Extensions.Logging.ILoggerFactory>()));
        services.AddSingleton<PlannerLoop>();
        return services;
    }

    /// <summary>What a planner that is a service of its own needs besides <see cref="AddPlanner"/>: the sweep and the HTTP API.</summary>
    public static IServiceCollection AddPlannerService(this IServiceCollection services) =>
        services.AddHostedService<PlannerSweeper>().AddPlannerApi();

    /// <summary>What <see cref="PlannerApi.MapPlannerApi"/> needs.</summary>
    public static IServiceCollection AddPlannerApi(this IServiceCollection services)
    {
        services.AddOptions<PlannerApiOptions>().BindConfiguration(PlannerApiOptions.Section);
        return services.AddOpenApi();
    }
}
