using System.Net;
using System.Security.Cryptography;
using System.Text;
using LamdAgent.Domain;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace LamdAgent.Planner.Api;

/// <summary>
/// Lets in who brings the token, and loopback callers that name a loopback host (so that a web page cannot use a person's browser) and did not come through a proxy.
/// </summary>
internal sealed class ApiGuard(IOptionsMonitor<PlannerApiOptions> options) : IEndpointFilter
{
    private static readonly string[] LoopbackHosts = ["localhost", "127.0.0.1", "[::1]"];

    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        return HasToken(http.Request) || IsLocal(http)
            ? next(context)
            : ValueTask.FromResult<object?>(Results.Json(
                new ApiError(options.CurrentValue.Token is null
                    ? "this planner serves loopback only; set PlannerApi:Token to serve other machines"
                    : "bring the token: Authorization: Bearer ..."),
                DomainJson.Options,
                statusCode: StatusCodes.Status401Unauthorized));
    }

    private static bool IsLocal(HttpContext http) =>
        http.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address)
        && LoopbackHosts.Contains(http.Request.Host.Host, StringComparer.OrdinalIgnoreCase)
        && !http.Request.Headers.ContainsKey("X-Forwarded-For") && !http.Request.Headers.ContainsKey("Forwarded");

    private bool HasToken(HttpRequest request)
    {
        const string scheme = "Bearer ";
        var given = request.Headers.Authorization.ToString();
        return options.CurrentValue.Token is { Length: > 0 } token
            && given.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(given[scheme.Length..])), SHA256.HashData(Encoding.UTF8.GetBytes(token)));
    }
}
