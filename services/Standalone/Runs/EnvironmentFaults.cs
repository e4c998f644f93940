using LamdAgent.Hosting.Steps;

namespace LamdAgent.Standalone.Runs;

/// <summary>Stops the run when the machine cannot go on; what was done is kept.</summary>
internal sealed class EnvironmentFaults : IEnvironmentFaults
{
    private readonly TaskCompletionSource<Exception> first = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with the first fault.</summary>
    public Task<Exception> First => first.Task;

    public void Report(Exception fault) => first.TrySetResult(fault);
}
