namespace LamdAgent.Standalone.Runs;

/// <summary>Wakes the run's loop as soon as a step moves on.</summary>
internal sealed class StepSignal : IDisposable
{
    private readonly SemaphoreSlim moved = new(0, 1);

    public void Set()
    {
        try
        {
            moved.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is set already.
        }
    }

    /// <summary>Waits for a signal, but not longer than the time given.</summary>
    public Task WaitAsync(TimeSpan atMost, CancellationToken cancellation) => moved.WaitAsync(atMost, cancellation);

    public void Dispose() => moved.Dispose();
}
