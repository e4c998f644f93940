using System.Runtime.InteropServices;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Merging.Numerics;
using LamdAgent.TestKit;

namespace LamdAgent.Merging.Tests;

/// <summary>LoRA and DoRA adapters as inputs: on a model, by themselves, carried by a model that was trained with them.</summary>
public sealed class AdapterTests : IDisposable
{
    private const string Q = "model.layers.0.q.weight";
    private const string OneModel = "merge_method: linear\nmodels:\n- {model: base+adapter, parameters: {weight: 1}}\n";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_adapter_is_added_to_its_model()
    {
        WriteBase();
        WriteAdapter("adapter");

        TinyModel.Merge(_folder.Path, _folder["m"], OneModel);

        // W + alpha/r B A = I + 3 * (1, 2)^T (1, 10)
        TinyModel.ReadTensor(_folder["m"], Q).ShouldBe([4, 30, 6, 61]);
        TinyModel.ReadTensor(_folder["m"], "model.layers.0.k.weight").ShouldBe([1, 0, 0, 1]);
    }

    [Fact]
    public void An_adapter_by_itself_stands_for_its_base_with_it()
    {
        WriteBase();
        WriteAdapter("adapter");

        TinyModel.Merge(_folder.Path, _folder["m"], "merge_method: task_arithmetic\nbase_model: base\nmodels:\n- {model: adapter, parameters: {weight: 0.5}}\n");

        TinyModel.ReadTensor(_folder["m"], Q).ShouldBe([2.5f, 15, 3, 31]);
    }

    [Theory]
    [InlineData("layers\\\\.[0-3]\\\\..*", 2)]
    [InlineData("model.layers.0.q", 2)]
    [InlineData("layers\\\\.[1-3]\\\\..*", 1)]
    public void An_alpha_of_some_modules_is_found_by_a_regular_expression(string pattern, int factor)
    {
        WriteBase();
        WriteAdapter("adapter", $"\"alpha_pattern\":{{\"{pattern}\":6}}");

        TinyModel.Merge(_folder.Path, _folder["m"], OneModel);

        TinyModel.ReadTensor(_folder["m"], Q).ShouldBe([1 + (3 * factor), 30 * factor, 6 * factor, 1 + (60 * factor)]);
    }

    [Fact]
    public void Dora_brings_every_row_to_its_length()
    {
        TinyModel.Write(_folder["base"], [(Q, [2, 2], [0, 0, 2, 2])]);
        WriteAdapter("adapter", "\"use_dora\":true", magnitudes: [10, 26]);

        TinyModel.Merge(_folder.Path, _folder["m"], OneModel);

        // Rows of W + 3 (1, 2)^T (1, 10) are (3, 30) and (8, 62), scaled to lengths 10 and 26.
        var merged = TinyModel.ReadTensor(_folder["m"], Q);
        float[] expected = [30 / MathF.Sqrt(909), 300 / MathF.Sqrt(909), 208 / MathF.Sqrt(3908), 1612 / MathF.Sqrt(3908)];
        merged.Zip(expected).ShouldAllBe(p => Math.Abs(p.First - p.Second) < 1e-5f);
    }

    [Theory]
    [InlineData("\"use_qalora\":true", "use_qalora")]
    [InlineData("\"lora_bias\":true", "lora_bias")]
    [InlineData("\"use_dora\":true", "lora_magnitude_vector")]
    [InlineData("\"peft_type\":\"LOHA\"", "LOHA")]
    [InlineData("\"r\":2", "rank 1")]
    [InlineData("\"init_lora_weights\":\"pissa_niter_4\"", "init_lora_weights 'pissa_niter_4'")]
    public void Adapters_that_need_more_than_adding_are_refused(string setting, string complaint)
    {
        WriteBase();
        WriteAdapter("adapter", setting);

        Should.Throw<InvalidInputException>(() => TinyModel.Merge(_folder.Path, _folder["m"], OneModel)).Message.ShouldContain(complaint);
    }

    [Fact]
    public void A_reference_adapter_is_added_to_its_model_and_to_nothing_else()
    {
        var golden = Repository.Golden("models");

        TinyModel.Merge(golden, _folder["m"], "merge_method: task_arithmetic\nbase_model: llama-tied\nmodels:\n- {model: llama-tied+llama-tied/lora, parameters: {weight: 0.5}}\n");

        using var model = Checkpoint.Open(Path.Combine(golden, "llama-tied"));
        using var adapter = SafetensorsFile.Open(Path.Combine(golden, "llama-tied", "lora", "adapter_model.safetensors"));
        var adapted = 0;
        foreach (var tensor in model.InOrder)
        {
            var expected = GoldenMerge.Values(tensor);
            var module = "base_model.model." + tensor.Name.Replace(".weight", "", StringComparison.Ordinal);
            if (adapter.Tensors.TryGetValue(module + ".lora_A.weight", out var a))
            {
                adapted++;
                AddProduct(expected, GoldenMerge.Values(adapter.Tensors[module + ".lora_B.weight"]), GoldenMerge.Values(a), (int)a.Shape[0], 0.5 * 6 / 4);
            }

            TinyModel.ReadTensor(_folder["m"], tensor.Name).Zip(expected).ShouldAllBe(p => Math.Abs(p.First - p.Second) <= 1e-6, tensor.Name);
        }

        adapted.ShouldBe(4);
    }

    [Fact]
    public void In_16_bit_arithmetic_a_model_with_its_adapter_is_rounded_when_it_is_read()
    {
        // As mergekit does, which saves the adapted model first. 1 + 3/512 is 1 + 1/128 in bfloat16, three times that 3 + 1.5/64, a tie that goes to 3 + 2/64; unrounded it would be
        // 3 + 1.125/64, so 3 + 1/64. 1 + 3/1024 is 1; unrounded three times that would be 3 + 1/64.
        TinyModel.Write(_folder["base"], [(Q, [2, 2], [1, 1, 1, 1])], DType.BF16);
        WriteAdapter("adapter", a: [1f / 512, 1f / 1024], b: [1, 0]);

        TinyModel.Merge(_folder.Path, _folder["m"], "merge_method: linear\nmodels:\n- {model: base+adapter, parameters: {weight: 3}}\nparameters: {normalize: false}\n");
        TinyModel.Merge(_folder.Path, _folder["n"], "merge_method: linear\nmodels:\n- {model: base+adapter, parameters: {weight: 3}}\nparameters: {normalize: false}\ndtype: float32\n");

        TinyModel.ReadTensor(_folder["m"], Q).ShouldBe([3.03125f, 3, 3, 3]);
        TinyModel.ReadTensor(_folder["n"], Q).ShouldBe([3.017578125f, 3.0087890625f, 3, 3]);
    }

    [Theory]
    [InlineData("task_arithmetic")]
    [InlineData("ties")]
    public void Models_that_carry_adapters_of_the_base_are_merged_by_their_changes(string method)
    {
        // The change is 3/1024 of the weight: lost in bfloat16, whole in the adapter.
        TinyModel.Write(_folder["base"], [(Q, [2, 2], [1, 1, 1, 1])], DType.BF16);
        foreach (var (name, b) in new[] { ("one", new float[] { 1, 0 }), ("two", [0, 1]) })
        {
            TinyModel.Write(_folder[name], [(Q, [2, 2], [1, 1, 1, 1])], DType.BF16);
            WriteAdapter($"{name}/adapter", a: [1f / 1024, -1f / 1024], b: b);
            WriteManifest(name, "base");
        }

        var result = TinyModel.Merge(_folder.Path, _folder["m"], $"merge_method: {method}\nbase_model: base\nmodels:\n- {{model: one, parameters: {{weight: 1}}}}\n- {{model: two, parameters: {{weight: 1}}}}\ndtype: float32\n");

        TinyModel.ReadTensor(_folder["m"], Q).ShouldBe([1 + (3f / 1024), 1 - (3f / 1024), 1 + (3f / 1024), 1 - (3f / 1024)]);
        result.Warnings.Count(w => w.Contains("from the adapter that it carries", StringComparison.Ordinal)).ShouldBe(2);
        result.Manifest.Parents.Select(p => p.Id).ShouldBe(["base", "one", "two"], ignoreOrder: true);
    }

    [Fact]
    public void A_carried_adapter_of_another_base_is_left_alone()
    {
        TinyModel.Write(_folder["root"], [(Q, [2, 2], [1, 1, 1, 1])], DType.BF16);
        TinyModel.Write(_folder["base"], [(Q, [2, 2], [1, 2, 1, 1])], DType.BF16);
        WriteManifest("base", "root", "root");
        TinyModel.Write(_folder["one"], [(Q, [2, 2], [1, 3, 1, 1])], DType.BF16);
        WriteAdapter("one/adapter");
        WriteManifest("one", "base", "root");

        // Its whole weights count: the adapter sits on 'base', the difference is taken to 'root'.
        var result = TinyModel.Merge(_folder.Path, _folder["m"], "merge_method: task_arithmetic\nbase_model: root\nmodels:\n- {model: one, parameters: {weight: 1}}\n");

        TinyModel.ReadTensor(_folder["m"], Q).ShouldBe([1, 3, 1, 1]);
        result.Warnings.ShouldBeEmpty();
    }

    private static void AddProduct(double[] to, double[] b, double[] a, int rank, double scale)
    {
        var width = a.Length / rank;
        for (var i = 0; i < to.Length; i++)
        {
            for (var k = 0; k < rank; k++)
            {
                to[i] += scale * b[(i / width * rank) + k] * a[(k * width) + (i % width)];
            }
        }
    }

    private void WriteBase() => TinyModel.Write(_folder["base"], [(Q, [2, 2], [1, 0, 0, 1]), ("model.layers.0.k.weight", [2, 2], [1, 0, 0, 1])]);

    private void WriteManifest(string model, string parent, string? root = null) => new ModelManifest
    {
        Id = model,
        Parents = [new ModelParent(parent, ModelManifest.DigestOfFolder(_folder[parent]))],
        Base = root ?? parent,
        Files = ContentDigest.OfFolder(_folder[model]),
    }.Write(_folder[model]);

    private void WriteAdapter(string folder, string setting = "\"bias\":\"none\"", float[]? a = null, float[]? b = null, float[]? magnitudes = null)
    {
        Directory.CreateDirectory(_folder[folder]);
        var rank = setting.StartsWith("\"r\"", StringComparison.Ordinal) ? "" : "\"r\":1,";
        File.WriteAllText(_folder[folder, "adapter_config.json"], $$"""{{{rank}}"lora_alpha":3,"target_modules":["q"],"base_model_name_or_path":"base",{{setting}}}""");
        var module = "base_model.model.model.layers.0.q.";
        var tensors = new List<(TensorDeclaration Declaration, float[] Values)>
        {
            (new(module + "lora_A.weight", DType.F32, [1, 2]), a ?? [1, 10]),
            (new(module + "lora_B.weight", DType.F32, [2, 1]), b ?? [1, 2]),
        };
        if (magnitudes is not null)
        {
            tensors.Add((new(module + "lora_magnitude_vector", DType.F32, [2]), magnitudes));
        }

        using var writer = SafetensorsWriter.Create(_folder[folder, "adapter_model.safetensors"], [.. tensors.Select(t => t.Declaration)]);
        tensors.ForEach(t => writer.Write(t.Declaration.Name, MemoryMarshal.AsBytes<float>(t.Values)));
        writer.Finish();
    }
}
