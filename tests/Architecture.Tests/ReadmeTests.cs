using System.Text.RegularExpressions;
using LamdAgent.Domain.Specs;
using LamdAgent.TestKit;

namespace LamdAgent.Architecture.Tests;

/// <summary>What README and docs say is there, is there.</summary>
public sealed class ReadmeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public static TheoryData<string> Pages =>
        ["README.md", "k8s/README.md", .. Directory.EnumerateFiles(Path.Combine(Repository.Root, "shared", "docs"), "*.md", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(Repository.Root, f))];

    [Fact]
    public void The_spec_for_ones_own_model_is_valid()
    {
        var yaml = Regex.Match(Readme(), "```yaml\n(name: .*?)```", RegexOptions.Singleline, Patience).Groups[1].Value;
        var spec = SearchSpecReader.Parse(yaml, "README.md", Repository.Root);
        spec.Name.ShouldBe("qwen-tools");
        spec.Datasets.Count.ShouldBe(3);
    }

    [Fact]
    public void Commands_that_readme_names_exist()
    {
        var table = Readme().Split("## The parts by themselves")[1].Split("## On a cluster")[0];
        var named = Regex.Matches(table, "^\\| (?<cell>.*?) \\|", RegexOptions.Multiline, Patience).Select(row => row.Groups["cell"].Value)
            .SelectMany(cell => Regex.Matches(cell, "`(?:lamd )?(?<verb>[a-z]+)", RegexOptions.None, Patience).Select(m => m.Groups["verb"].Value));
        foreach (var verb in named)
        {
            var file = Path.Combine(Repository.Root, "services", "Standalone", "Commands", $"{char.ToUpperInvariant(verb[0])}{verb[1..]}Command.cs");
            File.Exists(file).ShouldBeTrue($"lamd {verb}");
        }

        named.Count().ShouldBeGreaterThan(15);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Links_lead_to_files(string page)
    {
        var folder = Path.GetDirectoryName(Path.Combine(Repository.Root, page))!;
        Regex.Matches(File.ReadAllText(Path.Combine(Repository.Root, page)), @"\]\((?!https?:|#)(?<target>[^)#\s]+)", RegexOptions.None, Patience)
            .Select(link => link.Groups["target"].Value)
            .Where(target => !Path.Exists(Path.Combine(folder, target)))
            .ShouldBeEmpty();
    }

    private static string Readme() => File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
}
