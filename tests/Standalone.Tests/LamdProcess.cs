using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using LamdAgent.TestKit;

namespace LamdAgent.Standalone.Tests;

/// <summary>The built <c>lamd</c> as a process of its own, as a person would run it.</summary>
internal sealed class LamdProcess : IDisposable
{
    private static readonly string Program = Path.Combine(Repository.Root, "artifacts", "bin", "LamdAgent.Standalone", "release", "lamd");
    private readonly Process process;
    private readonly StringBuilder output = new();
    private readonly StringBuilder errors = new();

    private LamdProcess(Process process)
    {
        this.process = process;
        process.OutputDataReceived += (_, e) => Append(output, e.Data);
        process.ErrorDataReceived += (_, e) => Append(errors, e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Output => Read(output);

    public string Errors => Read(errors);

    public static LamdProcess Start(string folder, params string[] arguments) => Start(folder, Program, arguments);

    public static LamdProcess Start(string folder, string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false,
        };
        var started = Process.Start(start)!;
        started.StandardInput.Close();
        return new LamdProcess(started);
    }

    /// <summary>Runs to the end.</summary>
    public static async Task<(int Code, string Output, string Errors)> RunAsync(string folder, params string[] arguments)
    {
        using var lamd = Start(folder, arguments);
        var code = await lamd.WaitAsync();
        return (code, lamd.Output, lamd.Errors);
    }

    /// <summary>The executable.</summary>
    public static string Executable => Program;

    public bool HasExited => process.HasExited;

    public async Task<int> WaitAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        await process.WaitForExitAsync(patience.Token);
        process.WaitForExit(); // the last lines of both streams
        return process.ExitCode;
    }

    /// <summary>SIGKILL: no warning, no clean-up.</summary>
    public void Kill() => process.Kill(entireProcessTree: true);

    /// <summary>SIGINT: Ctrl-C.</summary>
    public void Interrupt()
    {
        if (SendSignal(process.Id, 2) != 0)
        {
            throw new InvalidOperationException("the signal could not be sent");
        }
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }

        process.Dispose();
    }

    private static void Append(StringBuilder text, string? line)
    {
        if (line is not null)
        {
            lock (text)
            {
                text.Append(line).Append('\n');
            }
        }
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static extern int SendSignal(int pid, int signal);
}
