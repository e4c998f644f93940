using Microsoft.Extensions.Options;

namespace LamdAgent.Hosting.Steps;

/// <summary>The rules across two options of a worker.</summary>
internal sealed class WorkerOptionsValidator : IValidateOptions<WorkerOptions>
{
    public ValidateOptionsResult Validate(string? name, WorkerOptions options) =>
        options.Heartbeat * 3 > options.Lease
            ? ValidateOptionsResult.Fail("Worker:Lease must be at least three times Worker:Heartbeat, so that one late heartbeat does not lose the step")
            : string.IsNullOrWhiteSpace(options.Name) ? ValidateOptionsResult.Fail("Worker:Name must not be empty")
            : ValidateOptionsResult.Success;
}
