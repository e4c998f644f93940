using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using LamdAgent.TestKit;

namespace LamdAgent.Integration.Tests.Support;

/// <summary>One of the four services as a real process.</summary>
internal sealed class ServiceProcess : IDisposable
{
    private const int Sigterm = 15;
    private const int Sigcont = 18;
    private const int Sigstop = 19;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private readonly Process process;
    private readonly StringBuilder log = new();

    private ServiceProcess(string service, string name, Process process)
    {
        Service = service;
        Name = name;
        this.process = process;
        process.OutputDataReceived += Append;
        process.ErrorDataReceived += Append;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Which program.</summary>
    public string Service { get; }

    /// <summary>Its name in leases.</summary>
    public string Name { get; }

    public string Log
    {
        get
        {
            lock (log)
            {
                return log.ToString();
            }
        }
    }

    /// <param name="service">The program.</param>
    /// <param name="name">The process's name in leases and logs.</param>
    /// <param name="environment">Its settings.</param>
    public static ServiceProcess Start(string service, string name, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(Path.Combine(Repository.Root, "artifacts", "bin", $"LamdAgent.{service}", "release", $"LamdAgent.{service}"))
        {
            RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        foreach (var (key, value) in environment)
        {
            start.Environment[key] = value;
        }

        return new ServiceProcess(service, name, Process.Start(start)!);
    }

    /// <summary>What it answers on a path of its HTTP port.</summary>
    public async Task<string> GetAsync(string path)
    {
        const string Listening = "Now listening on: ";
        var line = await WaitForLogAsync(Listening);
        using var http = new HttpClient();
        return await http.GetStringAsync(new Uri(new Uri(line[(line.IndexOf(Listening, StringComparison.Ordinal) + Listening.Length)..].Trim()), path));
    }

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        process.Kill();
        process.WaitForExit();
    }

    /// <summary>SIGTERM, as an orchestrator does it; gives the exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        Signal(Sigterm);
        using var patience = new CancellationTokenSource(Patience);
        await process.WaitForExitAsync(patience.Token);
        return process.ExitCode;
    }

    /// <summary>SIGSTOP: the process sleeps and knows nothing of it.</summary>
    public void Suspend() => Signal(Sigstop);

    /// <summary>SIGCONT.</summary>
    public void Continue() => Signal(Sigcont);

    /// <summary>Waits for a line of the log that contains a text, and gives the line.</summary>
    public async Task<string> WaitForLogAsync(string text)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            if (FindLog(text) is { } found)
            {
                return found;
            }

            if (patience.IsCancellationRequested || process.HasExited)
            {
                throw new TimeoutException($"{Name} does not say '{text}':\n{Log}");
            }

            await Task.Delay(100, CancellationToken.None);
        }
    }

    /// <summary>The first line of the log that contains a text.</summary>
    public string? FindLog(string text) => Log.Split('\n').FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal));

    /// <summary>How many lines of the log contain a text.</summary>
    public int CountLog(string text) => Log.Split('\n').Count(line => line.Contains(text, StringComparison.Ordinal));

    public void Dispose()
    {
        if (!process.HasExited)
        {
            Kill();
        }

        process.Dispose();
    }

    private void Signal(int signal)
    {
        if (SendSignal(process.Id, signal) != 0)
        {
            throw new InvalidOperationException($"signal {signal} could not be sent to {Name}");
        }
    }

    private void Append(object sender, DataReceivedEventArgs line)
    {
        lock (log)
        {
            log.Append(line.Data).Append('\n');
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int pid, int signal);
}
