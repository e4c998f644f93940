using System.Text.Json;
using LamdAgent.TestKit;

namespace LamdAgent.Merging.Tests;

public sealed class GoldenCaseTests
{
    public static TheoryData<string> Cases() => [.. Directory.EnumerateDirectories(Repository.Golden("merge", "cases"))
        .Select(f => Path.GetFileName(f)!).Order()];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Equals_the_reference(string id)
    {
        var folder = Repository.Golden("merge", "cases", id);
        using var output = new TemporaryFolder();

        var result = GoldenMerge.Run(GoldenMerge.Config(folder), output["m"]);

        GoldenMerge.Compare(folder, output["m"]).ShouldBeEmpty();
        using var expected = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "expected.json")));
        var config = Checkpoints.ModelConfig.Read(output["m"]);
        var wanted = expected.RootElement.GetProperty("output_config");
        config.NumHiddenLayers.ShouldBe(wanted.GetProperty("num_hidden_layers").GetInt32());
        config.DType.ToString().ShouldBe(wanted.GetProperty("dtype").GetString() switch { "float32" => "F32", "bfloat16" => "BF16", var other => other });
        result.Manifest.FindChangedFiles(output["m"]).ShouldBeEmpty();
    }
}
