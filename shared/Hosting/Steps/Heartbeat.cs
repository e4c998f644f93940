using LamdAgent.Domain.Steps;
using LamdAgent.Storage;
using Microsoft.Extensions.Logging;

namespace LamdAgent.Hosting.Steps;

/// <summary>Prolongs a claim's lease while the work goes on, carries its progress, and stops the work when the store says that the claim is lost or cancelled.</summary>
internal sealed partial class Heartbeat : IProgress<StepProgress>, IAsyncDisposable
{
    private readonly CancellationTokenSource done = new();
    private readonly CancellationTokenSource work;
    private readonly Task loop;
    private readonly ILogger logger;
    private StepProgress? latest;

    public Heartbeat(IRunStore store, TimeProvider clock, WorkerOptions options, StepClaim claim, CancellationTokenSource work, ILogger logger)
    {
        this.work = work;
        this.logger = logger;
        loop = RunAsync(store, clock, options, claim);
    }

    /// <summary>Why the store ended the work; null while it did not.</summary>
    public HeartbeatAnswer? Ended { get; private set; }

    public void Report(StepProgress value) => Volatile.Write(ref latest, value);

    public async ValueTask DisposeAsync()
    {
        await done.CancelAsync();
        await loop;
        done.Dispose();
    }

    private async Task RunAsync(IRunStore store, TimeProvider clock, WorkerOptions options, StepClaim claim)
    {
        while (true)
        {
            try
            {
                await Task.Delay(options.Heartbeat, clock, done.Token);
                var answer = await store.HeartbeatAsync(claim, Volatile.Read(ref latest), clock.GetUtcNow() + options.Lease, done.Token);
                if (answer != HeartbeatAnswer.Continue)
                {
                    Ended = answer;
                    await work.CancelAsync();
                    return;
                }
            }
            catch (OperationCanceledException) when (done.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // A store that is away for a moment is no reason to stop: nobody else can claim the step through it either.
                LogMissed(e, claim.SearchId, claim.StepId);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{SearchId}/{StepId}: a heartbeat was missed, the store does not answer")]
    private partial void LogMissed(Exception e, string searchId, string stepId);
}
