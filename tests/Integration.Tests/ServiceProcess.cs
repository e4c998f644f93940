using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using LamdAgent.TestKit;

namespace LamdAgent.Integration.Tests;

/// <summary>One of the four services as a real process.</summary>
internal sealed class ServiceProcess : IDisposable
{
    private const int Sigterm = 15;
    private readonly Process process;
    private readonly StringBuilder log = new();

    private ServiceProcess(string name, Process process)
    {
        Name = name;
        this.process = process;
        process.OutputDataReceived += Append;
        process.ErrorDataReceived += Append;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

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

    public static ServiceProcess Start(string name, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(Path.Combine(Repository.Root, "artifacts", "bin", $"LamdAgent.{name}", "release", $"LamdAgent.{name}"))
        {
            RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        foreach (var (key, value) in environment)
        {
            start.Environment[key] = value;
        }

        return new ServiceProcess(name, Process.Start(start)!);
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
        if (SendSignal(process.Id, Sigterm) != 0)
        {
            throw new InvalidOperationException("the signal could not be sent");
        }

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        await process.WaitForExitAsync(patience.Token);
        return process.ExitCode;
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            Kill();
        }

        process.Dispose();
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
