using System.Net.Sockets;
using LamdAgent.Domain;
using LamdAgent.Hosting.Bus;
using LamdAgent.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LamdAgent.Hosting.Services;

/// <summary>
/// Before anything else starts: is the artifact folder writable, does the store answer, is the broker there? What is missing is said in one line, again and again with growing waits, until it is there. What
/// waiting cannot mend (a database of another version) ends the process.
/// </summary>
internal sealed partial class DependencyCheck(
    IRunStore store, IOptions<ArtifactOptions> artifacts, IOptions<BusOptions> bus, TimeProvider clock, ILogger<DependencyCheck> logger) : IHostedLifecycleService
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        await WaitForAsync($"the artifact folder {artifacts.Value.Folder} (Artifacts__Folder)", ProbeFolderAsync, cancellationToken);
        await WaitForAsync("the store (Store__Url)", store.InitializeAsync, cancellationToken);
        if (bus.Value.Transport == BusTransport.RabbitMq)
        {
            var url = new Uri(bus.Value.Url);
            await WaitForAsync($"the broker at {url.Host}:{PortOf(url)} (Bus__Url)", token => ProbeBrokerAsync(url, token), cancellationToken);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static int PortOf(Uri url) => url.Port > 0 ? url.Port : url.Scheme == "amqps" ? 5671 : 5672;

    private static async Task ProbeBrokerAsync(Uri url, CancellationToken cancellation)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(url.Host, PortOf(url), cancellation);
    }

    private async Task ProbeFolderAsync(CancellationToken cancellation)
    {
        Directory.CreateDirectory(artifacts.Value.Folder);
        var probe = Path.Combine(artifacts.Value.Folder, $".probe-{Guid.NewGuid():N}");
        await File.WriteAllTextAsync(probe, "", cancellation);
        File.Delete(probe);
    }

    private async Task WaitForAsync(string what, Func<CancellationToken, Task> probe, CancellationToken cancellation)
    {
        for (var wait = TimeSpan.FromMilliseconds(500); ; wait = wait * 2 > LongestWait ? LongestWait : wait * 2)
        {
            try
            {
                await probe(cancellation);
                return;
            }
            catch (Exception e) when (e is not InvalidInputException && !cancellation.IsCancellationRequested)
            {
                LogMissing(what, e.Message, wait);
                await Task.Delay(wait, clock, cancellation);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{What} cannot be used: {Reason}; trying again in {Wait}")]
    private partial void LogMissing(string what, string reason, TimeSpan wait);
}
