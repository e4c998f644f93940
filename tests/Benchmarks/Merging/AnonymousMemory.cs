using System.Globalization;

namespace LamdAgent.Benchmarks.Merging;

/// <summary>Watches how much memory the process has beyond mapped files (RssAnon of /proc/self/status), every 10 ms.</summary>
internal sealed class AnonymousMemory : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;
    private long _peak;

    public AnonymousMemory()
    {
        _thread = new Thread(() =>
        {
            while (!_stop.Token.WaitHandle.WaitOne(10))
            {
                foreach (var line in File.ReadLines("/proc/self/status"))
                {
                    if (line.StartsWith("RssAnon:", StringComparison.Ordinal))
                    {
                        _peak = Math.Max(_peak, 1024 * long.Parse(line["RssAnon:".Length..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture));
                        break;
                    }
                }
            }
        });
        _thread.Start();
    }

    /// <summary>Largest value seen in bytes.</summary>
    public long Peak => _peak;

    public void Dispose()
    {
        _stop.Cancel();
        _thread.Join();
        _stop.Dispose();
    }
}
