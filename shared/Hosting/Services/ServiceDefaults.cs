using LamdAgent.Hosting.Bus;
using LamdAgent.Hosting.Steps;
using LamdAgent.Storage;
using LamdAgent.Storage.Artifacts;
using LamdAgent.Storage.Mongo;
using LamdAgent.Storage.Sqlite;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace LamdAgent.Hosting.Services;

/// <summary>What all services share: store, artifacts, bus, checks at start, health, metrics and traces. A service adds only what is its own.</summary>
internal static class ServiceDefaults
{
    private const string SqliteScheme = "sqlite:";
    private static readonly TimeSpan ProbePatience = TimeSpan.FromSeconds(3); // a store that is slower is not ready, and who asks waits not much longer

    /// <summary>Adds everything that a service needs around its handlers.</summary>
    /// <param name="builder">The host.</param>
    /// <param name="service">Name in telemetry.</param>
    /// <param name="queues">The service's queues.</param>
    public static WebApplicationBuilder AddServiceDefaults(this WebApplicationBuilder builder, string service, Action<BusRegistration> queues)
    {
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<StoreOptions>().BindConfiguration(StoreOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<ArtifactOptions>().BindConfiguration(ArtifactOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(provider => OpenStore(provider.GetRequiredService<IOptions<StoreOptions>>().Value));
        services.AddSingleton<IArtifactStore>(provider => new FolderArtifactStore(provider.GetRequiredService<IOptions<ArtifactOptions>>().Value.Folder));
        services.AddHostedService<DependencyCheck>();
        services.AddBus(BusTransport.RabbitMq, queues);
        services.AddHealthChecks().AddCheck<StoreHealthCheck>("store", failureStatus: null, tags: ["ready"], timeout: ProbePatience);
        // Read past the options, whose checks would throw here, one section at a time, before the start can name all that is wrong.
        var stopTimeout = builder.Configuration.GetValue($"{BusOptions.Section}:{nameof(BusOptions.StopTimeout)}", new BusOptions().StopTimeout);
        services.Configure<HostOptions>(host => host.ShutdownTimeout = stopTimeout + TimeSpan.FromSeconds(10));
        AddTelemetry(builder, service);
        return builder;
    }

    /// <summary>The endpoints of every service: <c>/health/live</c>, <c>/health/ready</c>, <c>/metrics</c>.</summary>
    public static WebApplication MapServiceDefaults(this WebApplication app)
    {
        // Alive: this process answers. Ready: store and broker do.
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false });
        var ready = new HealthCheckOptions { Predicate = check => check.Tags.Contains("ready") };
        ready.ResultStatusCodes[HealthStatus.Degraded] = StatusCodes.Status503ServiceUnavailable; // what the bus says while the broker is away
        app.MapHealthChecks("/health/ready", ready);
        app.MapPrometheusScrapingEndpoint("/metrics");
        return app;
    }

    private static IRunStore OpenStore(StoreOptions options) =>
        options.Url.StartsWith(SqliteScheme, StringComparison.Ordinal)
            ? SqliteRunStore.Open(options.Url[SqliteScheme.Length..])
            : MongoRunStore.Open(options.Url, options.Database);

    private static void AddTelemetry(WebApplicationBuilder builder, string service)
    {
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService($"lamdagent-{service}"))
            .WithMetrics(metrics => metrics.AddMeter(StepTelemetry.Name, "MassTransit").AddAspNetCoreInstrumentation().AddPrometheusExporter())
            .WithTracing(tracing => tracing.AddSource(StepTelemetry.Name, "MassTransit").AddAspNetCoreInstrumentation());
        if (!string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            telemetry.UseOtlpExporter();
        }
    }
}
