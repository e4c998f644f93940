using System.Text.Json;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.TestKit;

namespace LamdAgent.Merging.Tests;

public sealed class RejectedCaseTests
{
    private static readonly Dictionary<string, JsonElement> All = JsonDocument.Parse(File.ReadAllText(Repository.Golden("merge", "rejected.json")))
        .RootElement.EnumerateArray().ToDictionary(c => c.GetProperty("id").GetString()!, c => c, StringComparer.Ordinal);

    public static TheoryData<string> Refused() => [.. All.Where(c => c.Value.GetProperty("reference_outcome").GetString() != "accepted").Select(c => c.Key)];

    public static TheoryData<string> Accepted() => [.. All.Where(c => c.Value.GetProperty("reference_outcome").GetString() == "accepted").Select(c => c.Key)];

    [Theory]
    [MemberData(nameof(Refused))]
    public void Is_refused_in_one_line_and_leaves_nothing(string id)
    {
        using var output = new TemporaryFolder();

        var error = Should.Throw<InvalidInputException>(() => GoldenMerge.Run(Config(id), output["m"]));

        error.Message.ShouldNotContain("\n");
        Directory.EnumerateFileSystemEntries(output.Path).ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(Accepted))]
    public void Is_accepted(string id)
    {
        using var output = new TemporaryFolder();

        GoldenMerge.Run(Config(id), output["m"]);

        using var model = Checkpoint.Open(output["m"]);
        var type = id.StartsWith("mixed-dtype-slerp", StringComparison.Ordinal) ? DType.BF16 : DType.F32;
        model.InOrder.ShouldAllBe(t => t.DType == type);
        var same = id switch
        {
            "breadcrumbs-density-zero" or "dare-density-zero" or "slerp-single" => "tiny-f32/base",
            "single-model-linear" or "single-model-karcher" or "single-model-multislerp" => "tiny-f32/ft_a",
            _ => null,
        };
        if (same is not null)
        {
            using var reference = Checkpoint.Open(Path.Combine(GoldenMerge.Inputs, same));
            foreach (var tensor in reference.InOrder)
            {
                var (got, wanted) = (GoldenMerge.Values(model.Tensor(tensor.Name)), GoldenMerge.Values(tensor));
                got.Zip(wanted).ShouldAllBe(p => Math.Abs(p.First - p.Second) <= 1e-7);
            }
        }
    }

    [Fact]
    public void Duplicate_models_collapse_to_the_first()
    {
        using var output = new TemporaryFolder();
        GoldenMerge.Run(Config("duplicate-model"), output["m"]);

        using var model = Checkpoint.Open(output["m"]);
        using var a = Checkpoint.Open(Path.Combine(GoldenMerge.Inputs, "tiny-f32/ft_a"));
        using var b = Checkpoint.Open(Path.Combine(GoldenMerge.Inputs, "tiny-f32/ft_b"));
        var (x, y, merged) = (GoldenMerge.Values(a.Tensor("model.norm.weight")), GoldenMerge.Values(b.Tensor("model.norm.weight")), GoldenMerge.Values(model.Tensor("model.norm.weight")));
        for (var i = 0; i < x.Length; i++)
        {
            merged[i].ShouldBe((x[i] + y[i]) / 2, 1e-7);
        }
    }

    // JSON is YAML too.
    private static MergeConfig Config(string id) => MergeConfig.Parse(All[id].GetProperty("config").GetRawText(), $"{id}.yaml");
}
