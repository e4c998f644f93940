using System.Text.Json;
using LamdAgent.Checkpoints;
using LamdAgent.TestKit;

namespace LamdAgent.Merging.Tests;

/// <summary>16-bit arithmetic of every method that is not linear, against mergekit on torch (tests/golden/merge-16bit).</summary>
public sealed class SixteenBitTests : IDisposable
{
    private static readonly string Golden = Repository.Golden("merge-16bit");
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, string> Cases()
    {
        using var cases = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Golden, "cases.json")));
        var data = new TheoryData<string, string>();
        foreach (var name in cases.RootElement.EnumerateObject().Select(c => c.Name))
        {
            data.Add("bf16", name);
            data.Add("f16", name);
        }

        return data;
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_operation_is_rounded_where_the_reference_rounds(string type, string name)
    {
        using var cases = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Golden, "cases.json")));
        var config = MergeConfig.Parse(cases.RootElement.GetProperty(name).GetString()!, name);

        MergeEngine.Run(config, new MergeOptions { Output = _folder["m"], Resolve = MergeOptions.BelowFolder(Path.Combine(Golden, type, "inputs")), FlushToDisk = false });

        using var merged = Checkpoint.Open(_folder["m"]);
        using var expected = SafetensorsFile.Open(Path.Combine(Golden, type, "expected.safetensors"));
        var problems = new List<string>();
        foreach (var tensor in merged.InOrder)
        {
            var reference = expected.Tensors[$"{name}/{tensor.Name}"];
            tensor.DType.ShouldBe(reference.DType);
            var (got, wanted) = (GoldenMerge.Values(tensor), GoldenMerge.Values(reference));
            got.ShouldAllBe(value => double.IsFinite(value));
            var lastPlace = name == "slerp" ? (type == "bf16" ? 1.0 / 128 : 1.0 / 1024) : 0;
            var wrong = Enumerable.Range(0, got.Length).Count(i => !double.IsNaN(wanted[i]) && Math.Abs(got[i] - wanted[i]) > lastPlace * Math.Abs(wanted[i]));
            if (wrong > 0)
            {
                problems.Add($"{tensor.Name}: {wrong} of {got.Length} differ, by {got.Zip(wanted).Max(p => Math.Abs(p.First - p.Second))}");
            }
        }

        problems.ShouldBeEmpty();
    }
}
