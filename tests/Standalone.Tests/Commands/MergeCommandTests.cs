using LamdAgent.Checkpoints;
using LamdAgent.TestKit;

namespace LamdAgent.Standalone.Tests.Commands;

public sealed class MergeCommandTests : IDisposable
{
    private static readonly string Inputs = Repository.Golden("merge", "inputs");
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_reference_case_is_merged()
    {
        var config = Repository.Golden("merge", "cases", "ties-d05", "config.yaml");

        (await LamdCommandLine.InvokeAsync(["merge", config, _folder["m"], "--models", Inputs, "--json"])).ShouldBe(0);

        using var model = Checkpoint.Open(_folder["m"]);
        model.Tensors.Count.ShouldBe(21);
        File.Exists(_folder["m", "README.md"]).ShouldBeTrue();
        ModelManifest.Read(_folder["m"]).Action.ShouldBe("ties");
    }

    [Fact]
    public async Task Models_are_looked_up_beside_the_configuration_by_default()
    {
        File.WriteAllText(_folder["merge.yaml"], "merge_method: passthrough\nmodels:\n- {model: input}\n");
        Directory.CreateSymbolicLink(_folder["input"], Path.Combine(Inputs, "edge", "base"));

        (await LamdCommandLine.InvokeAsync(["merge", _folder["merge.yaml"], _folder["m"]])).ShouldBe(0);

        File.Exists(_folder["m", "model.safetensors"]).ShouldBeTrue();
    }

    [Theory]
    [InlineData("merge_method: linaer\nmodels:\n- {model: tiny-f32/base}\n")]
    [InlineData("merge_method: linear\nmodels:\n- {model: nowhere, parameters: {weight: 1}}\n")]
    [InlineData("merge_method: linear\nmodels:\n- {model: edge/ft_a, parameters: {weight: 1}}\n- {model: tok/ft_a, parameters: {weight: 1}}\n")]
    [InlineData("merge_method: linear\nmodels:\n- {model: ../../models/gemma2, parameters: {weight: 1}}\n")]
    public async Task Bad_input_is_exit_code_2_and_leaves_nothing(string yaml)
    {
        File.WriteAllText(_folder["merge.yaml"], yaml);

        (await LamdCommandLine.InvokeAsync(["merge", _folder["merge.yaml"], _folder["m"], "--models", Inputs])).ShouldBe(2);

        Directory.EnumerateFileSystemEntries(_folder.Path).Count().ShouldBe(1);
    }

    [Fact]
    public async Task Missing_arguments_are_exit_code_2()
    {
        (await LamdCommandLine.InvokeAsync(["merge"])).ShouldBe(2);
        (await LamdCommandLine.InvokeAsync(["merge", _folder["gone.yaml"], _folder["m"]])).ShouldBe(2);
        (await LamdCommandLine.InvokeAsync(["merge", "--list"])).ShouldBe(0);
    }
}
