namespace LamdAgent.Modeling.Training;

/// <summary>Speed, time left and time since the last checkpoint.</summary>
internal sealed class RunClock(TimeProvider time)
{
    private long _started;
    private long _checkpoint;
    private long _tokens;
    private int _steps;

    public TimeSpan Elapsed => time.GetElapsedTime(_started);

    public TimeSpan SinceCheckpoint => time.GetElapsedTime(_checkpoint);

    public double TokensPerSecond => _tokens / Math.Max(1e-9, Elapsed.TotalSeconds);

    public void Start() => _started = _checkpoint = time.GetTimestamp();

    public void StepDone(long tokens)
    {
        _tokens += tokens;
        _steps++;
    }

    public void CheckpointDone() => _checkpoint = time.GetTimestamp();

    public TimeSpan Remaining(int steps) => _steps == 0 ? TimeSpan.Zero : Elapsed / _steps * steps;
}
