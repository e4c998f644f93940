using System.Diagnostics;

namespace LamdAgent.Benchmarks.Training;

/// <summary>A speed by the clock and by processor time: on a machine that others use too, the second still tells what the work costs.</summary>
/// <param name="PerSecond">Units per second.</param>
/// <param name="PerProcessorSecond">Units per second of processor time, all threads together.</param>
internal readonly record struct Speed(double PerSecond, double PerProcessorSecond)
{
    public static Speed operator /(Speed a, Speed b) => new(a.PerSecond / b.PerSecond, a.PerProcessorSecond / b.PerProcessorSecond);

    public static Speed operator *(Speed a, double factor) => new(a.PerSecond * factor, a.PerProcessorSecond * factor);

    /// <summary>Medians.</summary>
    public static Speed Median(IEnumerable<Speed> speeds)
    {
        var all = speeds.ToList();
        return new Speed(Middle(all.Select(s => s.PerSecond)), Middle(all.Select(s => s.PerProcessorSecond)));
    }

    private static double Middle(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <summary>Measures pieces of work one after the other: each call ends a piece and begins the next.</summary>
    internal sealed class Laps
    {
        private long _clock = Stopwatch.GetTimestamp();
        private TimeSpan _processor = ProcessorTime();

        public Speed Lap(double units)
        {
            var (clock, processor) = (Stopwatch.GetTimestamp(), ProcessorTime());
            var speed = new Speed(units / Stopwatch.GetElapsedTime(_clock, clock).TotalSeconds, units / Math.Max(1e-9, (processor - _processor).TotalSeconds));
            (_clock, _processor) = (clock, processor);
            return speed;
        }

        private static TimeSpan ProcessorTime()
        {
            using var process = Process.GetCurrentProcess();
            return process.TotalProcessorTime;
        }
    }
}
