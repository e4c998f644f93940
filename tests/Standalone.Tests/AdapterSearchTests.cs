using System.Text.Json;
using LamdAgent.Checkpoints;
using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Steps;
using LamdAgent.Storage.Sqlite;

namespace LamdAgent.Standalone.Tests;

/// <summary>A search over LoRA trainings: their models are scored as whole models and merged as adapters of their base.</summary>
public sealed class AdapterSearchTests(FinishedSearch finished)
{
    [Fact]
    public async Task Adapters_of_one_base_are_trained_scored_merged_as_changes_and_replayed()
    {
        using var search = finished.Search.Copy();
        search.Replace("base.yaml", "model: shape\ninit: random", "model: base\nsave_dtype: bfloat16");
        (await LamdProcess.RunAsync(search.Folder, "train", "base.yaml", "--output", "base16")).Code.ShouldBe(0);
        var spec = await File.ReadAllTextAsync(search["search.yaml"], TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            search["lora.yaml"],
            spec[..spec.IndexOf("actions:", StringComparison.Ordinal)].Replace("path: base}", "path: base16}", StringComparison.Ordinal) + """
            actions:
              sft: {learning_rate: 0.01, max_steps: 4, per_device_train_batch_size: 8, precision: float32, lora: {r: 2, target_modules: [q_proj, v_proj]}}
              task_arithmetic: {weight: [[0.6, 0.3]], out_dtype: float32}
            planner: {strategy: random}
            reference: off
            budget: {steps: 5}
            """,
            TestContext.Current.CancellationToken);

        var (code, _, errors) = await LamdProcess.RunAsync(search.Folder, "run", "lora.yaml", "--out", "run");

        code.ShouldBe(0, errors);
        var steps = await StepsAsync(search);
        var merge = steps.First(s => s.Action.Kind == ActionKind.Merge);
        merge.State.ShouldBe(StepState.Scored, merge.Failure?.Reason);
        CheckMerged(search, merge, [.. merge.Action.Models.Select(m => steps.First(s => s.ModelId == m).Action.Models[0] == merge.Action.BaseModel)]);

        var show = JsonDocument.Parse((await LamdProcess.RunAsync(search.Folder, "show", merge.ModelId, "--run", "run", "--json")).Output).RootElement;
        await File.WriteAllTextAsync(search["pipeline.yaml"], show.GetProperty("pipeline").GetString(), TestContext.Current.CancellationToken);
        (code, var output, errors) = await LamdProcess.RunAsync(search.Folder, "replay", "pipeline.yaml", "--output", "replayed", "--json");
        code.ShouldBe(0, errors);
        JsonDocument.Parse(output).RootElement.GetProperty("same_as_recorded").GetBoolean().ShouldBeTrue(errors);

        (await LamdProcess.RunAsync(search.Folder, "export", merge.Action.Models[0], "--to", "exported", "--run", "run")).Code.ShouldBe(0);
        File.Exists(search["exported", "adapter", "adapter_model.safetensors"]).ShouldBeTrue();
    }

    // base + 0.6 d1 + 0.3 d2 in float32, where d is s B A of a model's adapter if that was trained on the base itself: not what rounding to bfloat16 left of it in the model.
    private static void CheckMerged(TinySearch search, StepRecord merge, bool[] byAdapter)
    {
        byAdapter.ShouldContain(true);
        using var merged = Checkpoint.Open(search["run", "models", merge.ModelId]);
        var start = merge.Action.BaseModel == "m-0001" ? search["base16"] : search["run", "models", merge.Action.BaseModel!];
        using var baseModel = Checkpoint.Open(start);
        var (adapted, rounded) = (0, 0.0);
        foreach (var tensor in baseModel.InOrder)
        {
            var expected = Values(tensor);
            var fromModels = Values(tensor);
            for (var i = 0; i < 2; i++)
            {
                var folder = search["run", "models", merge.Action.Models[i]];
                using var adapter = SafetensorsFile.Open(Path.Combine(folder, "adapter", "adapter_model.safetensors"));
                using var model = Checkpoint.Open(folder);
                var weight = i == 0 ? 0.6 : 0.3;
                var (own, root) = (Values(model.Tensor(tensor.Name)), Values(tensor));
                for (var at = 0; at < own.Length; at++)
                {
                    fromModels[at] += weight * (own[at] - root[at]);
                    expected[at] += byAdapter[i] ? 0 : weight * (own[at] - root[at]);
                }

                var module = "base_model.model." + tensor.Name.Replace(".weight", "", StringComparison.Ordinal);
                if (byAdapter[i] && adapter.Tensors.TryGetValue(module + ".lora_A.weight", out var a))
                {
                    adapted++;
                    AddProduct(expected, Values(adapter.Tensors[module + ".lora_B.weight"]), Values(a), (int)a.Shape[0], weight * 32 / 2);
                }
            }

            var actual = Values(merged.Tensor(tensor.Name));
            for (var at = 0; at < actual.Length; at++)
            {
                actual[at].ShouldBe(expected[at], 1e-6, tensor.Name);
                rounded = Math.Max(rounded, Math.Abs(fromModels[at] - expected[at]));
            }
        }

        adapted.ShouldBe(4 * byAdapter.Count(own => own)); // two layers, two modules
        rounded.ShouldBeGreaterThan(2e-6);
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

    private static double[] Values(SafetensorsTensor tensor) => tensor.DType == DType.BF16
        ? [.. System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ushort>(tensor.Bytes).ToArray().Select(bits => (double)BitConverter.UInt32BitsToSingle((uint)bits << 16))]
        : [.. System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(tensor.Bytes).ToArray().Select(value => (double)value)];

    private static async Task<IReadOnlyList<StepRecord>> StepsAsync(TinySearch search)
    {
        var store = SqliteRunStore.Open(search["run", SqliteRunStore.FileName], mustExist: true);
        await using var disposable = (IAsyncDisposable)store;
        await store.InitializeAsync(CancellationToken.None);
        return await TinySearch.ReadStepsAsync(store);
    }
}
