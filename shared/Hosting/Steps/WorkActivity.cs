using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LamdAgent.Hosting.Steps;

/// <summary>Knows whether this process works, and ends it after <see cref="WorkerOptions.ExitWhenIdle"/> without work: for workers that a scaler starts when there is something to do.</summary>
public sealed partial class WorkActivity(IHostApplicationLifetime lifetime, TimeProvider clock, IOptions<WorkerOptions> options, ILogger<WorkActivity> logger) : BackgroundService
{
    private int running;
    private long since = clock.GetTimestamp();

    /// <summary>Work begins; disposing the result ends it.</summary>
    public IDisposable Begin()
    {
        Interlocked.Increment(ref running);
        return new Work(this);
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.ExitWhenIdle is not { } limit)
        {
            return;
        }

        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(limit / 10, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (Volatile.Read(ref running) == 0 && clock.GetElapsedTime(Volatile.Read(ref since)) >= limit)
            {
                LogIdle(limit);
                lifetime.StopApplication();
                return;
            }
        }
    }

    private void End()
    {
        Volatile.Write(ref since, clock.GetTimestamp());
        Interlocked.Decrement(ref running);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "no work for {Limit}: this worker ends")]
    private partial void LogIdle(TimeSpan limit);

    private sealed class Work(WorkActivity activity) : IDisposable
    {
        public void Dispose() => activity.End();
    }
}
