using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Specs;
using LamdAgent.Planner.Submission;
using LamdAgent.TestKit;

namespace LamdAgent.Planner.Tests.Submission;

public sealed class SampleSpecTests
{
    public static TheoryData<string> Specs() =>
        [.. Directory.EnumerateFiles(Path.Combine(Repository.Root, "shared", "samples"), "search*.yaml", SearchOption.AllDirectories).Select(p => Path.GetRelativePath(Repository.Root, p))];

    [Theory]
    [MemberData(nameof(Specs))]
    public void Every_sample_spec_can_be_read(string path)
    {
        var file = Path.Combine(Repository.Root, path);
        var spec = SearchSpecReader.Parse(File.ReadAllText(file), path, Path.GetDirectoryName(file)!);
        spec.Actions.ShouldContain(a => a.Kind == ActionKind.Merge);
        spec.Tasks.ShouldAllBe(t => File.Exists(t.Path));
        spec.Datasets.ShouldAllBe(d => File.Exists(d.Path));
        ContaminationGate.Find(spec).ShouldBeEmpty();
    }
}
