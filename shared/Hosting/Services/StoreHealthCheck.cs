using LamdAgent.Storage;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LamdAgent.Hosting.Services;

/// <summary>Whether the store answers.</summary>
internal sealed class StoreHealthCheck(IRunStore store) : IHealthCheck
{
    private const string NoSuchSearch = "health";

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        await store.GetSearchAsync(NoSuchSearch, cancellationToken);
        return HealthCheckResult.Healthy();
    }
}
