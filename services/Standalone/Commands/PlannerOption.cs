using System.CommandLine;
using LamdAgent.Domain;
using LamdAgent.Planner.Api;

namespace LamdAgent.Standalone.Commands;

/// <summary>The option that names a planner service, for commands that speak to it.</summary>
internal static class PlannerOption
{
    private const string TokenVariable = "LAMD_PLANNER_TOKEN";

    public static Option<string?> Create(bool required = false) => new("--planner")
    {
        Description = $"Address of a planner service, e.g. http://127.0.0.1:8080; its token is read from the environment variable {TokenVariable}",
        Required = required,
    };

    public static PlannerClient Connect(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme is ("http" or "https")
            ? new PlannerClient(uri, Environment.GetEnvironmentVariable(TokenVariable))
            : throw new InvalidInputException($"--planner: '{address}' is not an http or https address");
}
