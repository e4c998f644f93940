using System.Diagnostics;
using LamdAgent.TestKit;

namespace LamdAgent.Architecture.Tests;

/// <summary>What may be in the repository at all.</summary>
public sealed class RepositoryHygieneTests
{
    private const long MaxFileBytes = 5_000_000;
    private const long MaxSampleModelBytes = 10_000_000;

    private static readonly string[] TopLevel =
    [
        "services", "shared", "tests", "k8s", ".ci", "LamdAgent.sln", "docker-compose.yml", "README.md", "LICENSE", "lamd", "global.json", ".gitignore",
        ".gitattributes", ".editorconfig", ".dockerignore", "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "BannedSymbols.txt",
    ];

    [Fact]
    public void Top_level_has_only_what_was_agreed() =>
        TrackedFiles().Select(file => file.Split('/')[0]).Distinct().Except(TopLevel).ShouldBeEmpty();

    [Fact]
    public void No_file_is_too_large() =>
        TrackedFiles()
            .Where(file => new FileInfo(Path.Combine(Repository.Root, file)) is { Exists: true } info
                && info.Length > (file.StartsWith("shared/samples/", StringComparison.Ordinal) ? MaxSampleModelBytes : MaxFileBytes))
            .ShouldBeEmpty();

    [Fact]
    public void Every_package_version_is_exact_and_central()
    {
        foreach (var project in TrackedFiles().Where(file => file.EndsWith(".csproj", StringComparison.Ordinal)))
        {
            File.ReadAllText(Path.Combine(Repository.Root, project)).ShouldNotContain("Version=\"", customMessage: project);
        }

        File.ReadAllText(Path.Combine(Repository.Root, "Directory.Packages.props")).ShouldNotContain("*\" />");
    }

    [Fact]
    public void Scripts_are_executable() =>
        TrackedFiles().Where(file => file is "lamd" or ".ci/run" || file.EndsWith(".sh", StringComparison.Ordinal))
            .Where(file => !File.GetUnixFileMode(Path.Combine(Repository.Root, file)).HasFlag(UnixFileMode.UserExecute))
            .ShouldBeEmpty();

    private static List<string> TrackedFiles()
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["-C", Repository.Root, "ls-files"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var files = git.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).ToList();
        git.WaitForExit();
        files.ShouldNotBeEmpty("the tests run inside a git checkout");
        return files;
    }
}
