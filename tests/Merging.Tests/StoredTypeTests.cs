using LamdAgent.Checkpoints;
using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Pipelines;
using LamdAgent.TestKit;

namespace LamdAgent.Merging.Tests;

/// <summary>The type of what is written: that of the models where a search merges, whatever the arithmetic.</summary>
public sealed class StoredTypeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_merge_of_a_search_keeps_the_type_of_its_models_and_rounds_once()
    {
        Write("base", DType.BF16, 1);
        Write("a", DType.BF16, 1.0078125f);
        Write("b", DType.BF16, 1.0234375f);
        var action = new PipelineAction
        {
            Type = "task_arithmetic",
            Kind = ActionKind.Merge,
            BaseModel = "base",
            Models = ["a", "b"],
            Parameters = new Dictionary<string, string>(StringComparer.Ordinal) { ["weight"] = "0.4" },
        };

        TinyModel.Merge(_folder.Path, _folder["m"], StepRecipes.Merge(action, id => id));

        using var merged = Checkpoint.Open(_folder["m"]);
        merged.Config.DType.ShouldBe(DType.BF16);
        merged.InOrder.ShouldAllBe(t => t.DType == DType.BF16);
        // 1 + 0.4 * 1/128 + 0.4 * 3/128 = 1 + 1.6/128, and bfloat16 has steps of 1/128 there.
        TinyModel.ReadTensor(_folder["m"], "model.layers.0.w").ShouldBe([1.015625f]);
    }

    [Theory]
    [InlineData("linear", "", DType.F32)]
    [InlineData("task_arithmetic", "base_model: half\n", DType.BF16)]
    [InlineData("task_arithmetic", "base_model: full\n", DType.F32)]
    public void Mixed_types_become_the_bases_or_the_widest(string method, string baseModel, DType expected)
    {
        Write("half", DType.BF16, 1);
        Write("full", DType.F32, 3);

        TinyModel.Merge(_folder.Path, _folder["m"], $"merge_method: {method}\n{baseModel}models:\n- {{model: half, parameters: {{weight: 1}}}}\n- {{model: full, parameters: {{weight: 1}}}}\ndtype: float32\nout_dtype: auto\n");

        using var merged = Checkpoint.Open(_folder["m"]);
        merged.Tensor("model.layers.0.w").DType.ShouldBe(expected);
    }

    private void Write(string name, DType type, float value) => TinyModel.Write(_folder[name], [("model.layers.0.w", [1], [value])], type);
}
