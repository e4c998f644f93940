using System.CommandLine;

namespace LamdAgent.Standalone.Commands;

/// <summary>The option that names a run, for commands about its models.</summary>
internal static class RunOption
{
    public static Option<string?> Create() => new("--run") { Description = "The run's folder or its name below runs/ (default: the latest)" };
}
