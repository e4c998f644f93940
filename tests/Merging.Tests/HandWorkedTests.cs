using LamdAgent.TestKit;

namespace LamdAgent.Merging.Tests;

/// <summary>Merges that a reader can redo on paper. Base (1, 1, 1, 1); a adds (4, -3, 1, 2), b adds (-1, 3, 5, 2).</summary>
public sealed class HandWorkedTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public HandWorkedTests()
    {
        TinyModel.WriteVector(_folder["base"], 1, 1, 1, 1);
        TinyModel.WriteVector(_folder["a"], 5, -2, 2, 3);
        TinyModel.WriteVector(_folder["b"], 0, 4, 6, 3);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Ties_per_tensor_weighs_before_it_elects()
    {
        // Half is kept: a -> (4, -3, 0, 0), b -> (0, 3, 5, 0). Weights 2 and 1: (8, -6, 0, 0) + (0, 3, 5, 0) = (8, -3, 5, 0): signs + - + +.
        // Agreeing sums (8, -6, 5, 0) over agreeing weights (2, 2, 1, 1) = (4, -3, 5, 0).
        Merge("ties", 2, 1, 0.5).ShouldBe([5, -2, 6, 1]);
    }

    [Fact]
    public void Ties_of_the_paper_elects_before_it_weighs()
    {
        // Trimmed as above; unweighted sums (4, 0, 5, 0): the second place is a tie and keeps the base. Means of what agrees: (4, -, 5, -).
        Merge("ties_paper", 2, 1, 0.5).ShouldBe([5, 1, 6, 1]);
    }

    [Fact]
    public void Ties_of_the_paper_trims_over_all_tensors_together()
    {
        TinyModel.Write(_folder["base2"], [("model.layers.0.w", [2], [0, 0]), ("model.layers.0.v", [2], [0, 0])]);
        TinyModel.Write(_folder["c"], [("model.layers.0.w", [2], [10, -9]), ("model.layers.0.v", [2], [1, 2])]);
        var yaml = "base_model: base2\nmodels:\n- {model: c, parameters: {density: 0.5, weight: 1}}\n";

        // Both large entries are in w: the whole of v goes. mergekit's dialect keeps half of each tensor.
        TinyModel.Merge(_folder.Path, _folder["paper"], "merge_method: ties_paper\n" + yaml);
        TinyModel.Merge(_folder.Path, _folder["kit"], "merge_method: ties\n" + yaml);

        TinyModel.ReadTensor(_folder["paper"], "model.layers.0.w").ShouldBe([10, -9]);
        TinyModel.ReadTensor(_folder["paper"], "model.layers.0.v").ShouldBe([0, 0]);
        TinyModel.ReadTensor(_folder["kit"], "model.layers.0.w").ShouldBe([10, 0]);
        TinyModel.ReadTensor(_folder["kit"], "model.layers.0.v").ShouldBe([0, 2]);
    }

    [Fact]
    public void Ties_of_the_paper_keeps_exactly_k_when_magnitudes_are_equal()
    {
        TinyModel.Write(_folder["base2"], [("model.layers.0.v", [3], [0, 0, 0]), ("model.layers.0.w", [3], [0, 0, 0])]);
        TinyModel.Write(_folder["c"], [("model.layers.0.v", [3], [1, -1, 1]), ("model.layers.0.w", [3], [1, 1, -1])]);

        TinyModel.Merge(_folder.Path, _folder["m"], "merge_method: ties_paper\nbase_model: base2\nmodels:\n- {model: c, parameters: {density: 0.67}}\n");

        TinyModel.ReadTensor(_folder["m"], "model.layers.0.v").ShouldBe([1, -1, 1]);
        TinyModel.ReadTensor(_folder["m"], "model.layers.0.w").ShouldBe([1, 0, 0]);
    }

    [Fact]
    public void Task_arithmetic_adds_weighted_differences() =>
        Merge("task_arithmetic", 0.5, 1, 1, "parameters: {lambda: 2}\n").ShouldBe([1 + (2 * (2 - 1)), 1 + (2 * (-1.5f + 3)), 1 + (2 * (0.5f + 5)), 1 + (2 * 3)]);

    [Fact]
    public void Linear_divides_by_the_weights() =>
        TinyModel.MergeVector(_folder.Path, "merge_method: linear\nmodels:\n- {model: a, parameters: {weight: 3}}\n- {model: b, parameters: {weight: 1}}\n")
            .ShouldBe([3.75f, -0.5f, 3, 3]);

    [Fact]
    public void Breadcrumbs_drop_the_largest_and_the_smallest()
    {
        // Of 4 entries density 0.5 keeps 2, gamma 0.25 drops the largest: a keeps -3 and 2.
        TinyModel.MergeVector(_folder.Path, "merge_method: breadcrumbs\nbase_model: base\nmodels:\n- {model: a, parameters: {weight: 1, density: 0.5, gamma: 0.25}}\n")
            .ShouldBe([1, -2, 1, 3]);
    }

    [Fact]
    public void Ram_keeps_unique_changes_whole_and_averages_shared_ones()
    {
        TinyModel.WriteVector(_folder["c"], 3, 1, 1, 5);
        TinyModel.WriteVector(_folder["d"], 5, 1, 7, 1);
        TinyModel.MergeVector(_folder.Path, "merge_method: ram\nbase_model: base\nmodels:\n- {model: c}\n- {model: d}\n").ShouldBe([4, 1, 7, 5]);
    }

    [Fact]
    public void Model_stock_of_orthogonal_changes_is_the_base()
    {
        TinyModel.WriteVector(_folder["c"], 3, 1, 1, 1);
        TinyModel.WriteVector(_folder["d"], 1, 4, 1, 1);
        TinyModel.MergeVector(_folder.Path, "merge_method: model_stock\nbase_model: base\nmodels:\n- {model: c}\n- {model: d}\n").ShouldBe([1, 1, 1, 1]);
    }

    [Fact]
    public void Slerp_of_orthogonal_vectors_half_way()
    {
        TinyModel.WriteVector(_folder["c"], 1, 0);
        TinyModel.WriteVector(_folder["d"], 0, 1);
        var half = TinyModel.MergeVector(_folder.Path, "merge_method: slerp\nbase_model: c\nmodels:\n- {model: c}\n- {model: d}\nparameters: {t: 0.5}\n");
        half[0].ShouldBe(MathF.Sqrt(0.5f), 1e-6f);
        half[1].ShouldBe(MathF.Sqrt(0.5f), 1e-6f);
    }

    private float[] Merge(string method, double first, double second, double density, string extra = "") => TinyModel.MergeVector(
        _folder.Path,
        FormattableString.Invariant(
            $"merge_method: {method}\nbase_model: base\nmodels:\n- {{model: a, parameters: {{weight: {first}, density: {density}}}}}\n- {{model: b, parameters: {{weight: {second}, density: {density}}}}}\n{extra}"));
}
