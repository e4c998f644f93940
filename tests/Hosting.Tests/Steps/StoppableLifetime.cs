using Microsoft.Extensions.Hosting;

namespace LamdAgent.Hosting.Tests.Steps;

/// <summary>A process that can be told to stop.</summary>
public sealed class StoppableLifetime : IHostApplicationLifetime
{
    private readonly CancellationTokenSource stopping = new();

    public CancellationToken ApplicationStarted => CancellationToken.None;

    public CancellationToken ApplicationStopping => stopping.Token;

    public CancellationToken ApplicationStopped => CancellationToken.None;

    public void StopApplication() => stopping.Cancel();
}
