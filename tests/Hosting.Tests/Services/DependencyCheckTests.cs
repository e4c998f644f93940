using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using LamdAgent.Hosting.Services;
using LamdAgent.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace LamdAgent.Hosting.Tests.Services;

public sealed class DependencyCheckTests
{
    [Fact]
    public async Task What_is_missing_at_the_start_is_said_in_one_line_with_growing_waits_until_it_is_there()
    {
        using var folder = new TemporaryFolder();
        using var lines = new Lines();
        File.WriteAllText(folder["artifacts"], "a file where the folder should be");
        var port = ClosedPort();
        await using var service = ServiceHost.Build(
            [$"--Artifacts:Folder={folder["artifacts"]}", $"--Store:Url=sqlite:{folder["run.db"]}", $"--Bus:Url=amqp://guest:secret@127.0.0.1:{port}", "--urls=http://127.0.0.1:0"],
            "tester",
            services => services.AddSingleton<ILoggerProvider>(lines),
            _ => { });
        using var stop = new CancellationTokenSource();
        var starting = service.StartAsync(stop.Token);

        var first = await lines.WaitForAsync("the artifact folder", 2);
        first[0].ShouldStartWith($"the artifact folder {folder["artifacts"]} (Artifacts__Folder) cannot be used: ");
        first[0].ShouldEndWith("; trying again in 00:00:00.5000000");
        first[1].ShouldEndWith("; trying again in 00:00:01");

        // With the folder there the next thing is looked for.
        File.Delete(folder["artifacts"]);
        var broker = await lines.WaitForAsync("the broker at", 2);
        broker[0].ShouldStartWith($"the broker at 127.0.0.1:{port} (Bus__Url) cannot be used: ");
        broker[1].ShouldEndWith("; trying again in 00:00:01");
        lines.All.ShouldAllBe(line => !line.Contains("secret") && !line.Contains('\n'));
        starting.IsCompleted.ShouldBeFalse();
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(starting);
    }

    private static int ClosedPort()
    {
        var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        return port;
    }

    /// <summary>Warnings of our own code.</summary>
    private sealed class Lines : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> lines = [];

        public IReadOnlyCollection<string> All => lines;

        public ILogger CreateLogger(string categoryName) => categoryName.StartsWith("LamdAgent.", StringComparison.Ordinal) ? this : Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => lines.Enqueue(formatter(state, exception));

        public async Task<IReadOnlyList<string>> WaitForAsync(string start, int count)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            while (true)
            {
                string[] found = [.. lines.Where(line => line.StartsWith(start, StringComparison.Ordinal))];
                if (found.Length >= count)
                {
                    return found;
                }

                await Task.Delay(50, patience.Token);
            }
        }

        public void Dispose()
        {
        }
    }
}
