using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LamdAgent.Planner;

/// <summary>Looks at every running search from time to time, because events are hints and may get lost; gives the searches back when the process ends.</summary>
public sealed class PlannerSweeper(PlannerLoop loop, IOptions<PlannerOptions> options, TimeProvider clock, ILogger<PlannerSweeper> logger) : BackgroundService
{
    /// <inheritdoc />
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await loop.ReleaseAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            logger.LogWarning(e, "The searches could not be given back; another planner takes them when the lease of {Lease} is over", options.Value.OwnershipLease);
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // A sweep lasts as long as the slowest search's agent thinks; the other searches are looked at all the same.
        var sweeps = new List<Task>();
        while (!stoppingToken.IsCancellationRequested)
        {
            sweeps.RemoveAll(sweep => sweep.IsCompleted);
            sweeps.Add(SweepAsync(stoppingToken));
            await Task.Delay(options.Value.SweepInterval, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await Task.WhenAll(sweeps);
    }

    private async Task SweepAsync(CancellationToken stoppingToken)
    {
        try
        {
            await loop.SweepAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process ends.
        }
        catch (Exception e)
        {
            logger.LogError(e, "The sweep failed, is the store reachable? It is tried again in {Interval}", options.Value.SweepInterval);
        }
    }
}
