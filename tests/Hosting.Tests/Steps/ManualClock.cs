namespace LamdAgent.Hosting.Tests.Steps;

/// <summary>A clock that stands still until the test moves it; timers fire only when the test says so.</summary>
public sealed class ManualClock : TimeProvider
{
    private readonly List<ManualTimer> timers = [];
    private readonly Lock gate = new();
    private DateTimeOffset now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow()
    {
        lock (gate)
        {
            return now;
        }
    }

    public override long GetTimestamp() => GetUtcNow().UtcTicks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Time passes, as for a process that was frozen: no timer fires.</summary>
    public void AdvanceWithoutTimers(TimeSpan time)
    {
        lock (gate)
        {
            now += time;
        }
    }

    /// <summary>Fires the timers that are set now, then lets time pass and others run.</summary>
    public async Task FireAsync(TimeSpan time)
    {
        List<ManualTimer> due;
        lock (gate)
        {
            due = [.. timers];
            timers.Clear();
            if (due.Count > 0)
            {
                now += time;
            }
        }

        due.ForEach(timer => timer.Fire());
        await Task.Delay(1);
    }

    private sealed class ManualTimer(ManualClock clock, TimerCallback callback, object? state) : ITimer
    {
        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock.gate)
            {
                clock.timers.Remove(this);
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    clock.timers.Add(this);
                }
            }

            return true;
        }

        public void Dispose()
        {
            lock (clock.gate)
            {
                clock.timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
