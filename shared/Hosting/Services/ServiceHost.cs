using LamdAgent.Domain;
using LamdAgent.Hosting.Bus;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace LamdAgent.Hosting.Services;

/// <summary>A service process from start to end: all its program has to say is what is its own.</summary>
public static class ServiceHost
{
    private const int Done = 0;
    private const int BadSettings = 2;

    /// <summary>Runs until it is told to stop (SIGTERM, Ctrl-C).</summary>
    /// <param name="args">The process's arguments: settings as <c>--Section:Name=value</c>, over those of the environment.</param>
    /// <param name="service">Name in telemetry and of what it says at the start.</param>
    /// <param name="add">Adds the service's own parts.</param>
    /// <param name="queues">The service's queues.</param>
    /// <param name="map">Adds the service's own endpoints; default: none.</param>
    /// <returns>The exit code: 0 when it was told to stop, 2 when a setting is wrong; each wrong one is a line on standard error.</returns>
    public static async Task<int> RunAsync(string[] args, string service, Action<IServiceCollection> add, Action<BusRegistration> queues, Action<WebApplication>? map = null)
    {
        try
        {
            await using var app = Build(args, service, add, queues, map);
            await app.RunAsync();
            return Done;
        }
        catch (Exception e) when (Faults(e) is { Count: > 0 } faults)
        {
            foreach (var fault in faults)
            {
                await Console.Error.WriteLineAsync($"lamdagent-{service}: {fault}");
            }

            return BadSettings;
        }
    }

    /// <summary>The same process, to be started and stopped by the caller.</summary>
    /// <param name="args">As for <see cref="RunAsync"/>.</param>
    /// <param name="service">Name in telemetry.</param>
    /// <param name="add">Adds the service's own parts.</param>
    /// <param name="queues">The service's queues.</param>
    /// <param name="map">Adds the service's own endpoints; default: none.</param>
    public static WebApplication Build(string[] args, string service, Action<IServiceCollection> add, Action<BusRegistration> queues, Action<WebApplication>? map = null)
    {
        var builder = WebApplication.CreateBuilder(args);
        add(builder.Services);
        builder.AddServiceDefaults(service, queues);
        var app = builder.Build();
        // The host does this too, but only after it has made the services that stumble over the first wrong setting: here all are named at once.
        app.Services.GetService<IStartupValidator>()?.Validate();
        app.MapServiceDefaults();
        map?.Invoke(app);
        return app;
    }

    /// <summary>What a person can mend, a line each; none for anything else.</summary>
    private static List<string> Faults(Exception exception) => exception switch
    {
        OptionsValidationException options => [.. options.Failures],
        InvalidInputException input => [input.Message],
        AggregateException several => [.. several.InnerExceptions.SelectMany(Faults)],
        // The binder's word for a value that is no number, time span and so on; it names the setting.
        InvalidOperationException { InnerException: FormatException } format => [format.Message],
        _ => [],
    };
}
