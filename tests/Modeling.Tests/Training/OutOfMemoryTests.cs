using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Modeling.Architectures;
using LamdAgent.Modeling.Native;
using LamdAgent.Modeling.Training;
using LamdAgent.TestKit;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests.Training;

public sealed class OutOfMemoryTests
{
    public static TheoryData<string> Recipes => new(
        "method: sft\nweight_decay: 0.01",
        "method: dpo\nlora: {r: 4, lora_dropout: 0}",
        "method: kto",
        "method: reward");

    [Theory]
    [MemberData(nameof(Recipes))]
    public void When_memory_runs_out_the_micro_batch_is_halved_and_the_result_stays(string method)
    {
        using var folder = new TemporaryFolder();
        var data = method.Contains("kto", StringComparison.Ordinal) ? $"\ndataset: {Labelled(folder)}" : method.Contains("dpo", StringComparison.Ordinal) || method.Contains("reward", StringComparison.Ordinal) ? $"\ndataset: {TestTraining.Data("dpo")}" : "";
        var yaml = $"{method}\nprecision: float32\nlearning_rate: 1e-3\nmax_steps: 4\nper_device_train_batch_size: 8\ngradient_accumulation_steps: 2{data}";
        Run(yaml, folder["plain"], rowsThatFit: int.MaxValue, out var silence);
        Run(yaml, folder["scarce"], rowsThatFit: 2, out var said);

        silence.ShouldBeEmpty();
        said.ShouldBe([
            "memory ran out in step 2: micro-batches are cut into 2 parts from here on; the effective batch stays the same",
            "memory ran out in step 2: micro-batches are cut into 4 parts from here on; the effective batch stays the same",
        ]);
        var (plain, scarce) = (TestTraining.Metric(folder["plain"], "loss"), TestTraining.Metric(folder["scarce"], "loss"));
        scarce.Length.ShouldBe(4);
        for (var i = 0; i < plain.Length; i++)
        {
            scarce[i].ShouldBe(plain[i], 1e-5, $"step {i + 1}");
        }

        using var whole = Checkpoint.Open(folder["plain"]);
        using var halved = Checkpoint.Open(folder["scarce"]);
        foreach (var name in whole.Tensors.Keys)
        {
            var (expected, actual) = (Floats(whole, name), Floats(halved, name));
            for (var i = 0; i < expected.Length; i++)
            {
                Math.Abs(actual[i] - expected[i]).ShouldBeLessThan(2e-4f, $"{name}[{i}]");
            }
        }

        static float[] Floats(Checkpoint checkpoint, string name) => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(checkpoint.Tensor(name).Bytes).ToArray();
    }

    [Fact]
    public void A_single_row_that_does_not_fit_ends_the_run_with_a_remedy()
    {
        using var folder = new TemporaryFolder();
        Should.Throw<InvalidInputException>(() => Run("method: sft\nmax_steps: 2\nper_device_train_batch_size: 2\ngradient_accumulation_steps: 2", folder["out"], rowsThatFit: 0, out _))
            .Message.ShouldStartWith("memory ran out in step 2 with a single row: use lora");
        Directory.Exists(folder["out"]).ShouldBeFalse();
    }

    private static void Run(string yaml, string output, int rowsThatFit, out List<string> said)
    {
        var messages = new List<string>();
        TorchRuntime.Initialize();
        set_num_threads(1);
        var recipe = TestTraining.Recipe(yaml);
        var loading = new ModelLoading { Trainable = true };
        var job = new TrainingJob { ModelFolder = TestTraining.Model, OutputFolder = output };
        using var policy = new Policy(recipe, TestTraining.Model, loading);
        using var objective = new Greedy(ObjectiveFactory.Create(recipe, job, policy, TestTraining.Model, loading with { Trainable = false }), rowsThatFit);
        using var run = new TrainingRun(recipe, job, policy, objective, RunIdentity.Of(recipe, TestTraining.Model), new TestTraining.Watcher(p =>
        {
            if (p.Message is { } message)
            {
                messages.Add(message);
            }
        }));
        run.ToEnd(CancellationToken.None);
        said = messages;
    }

    private static string Labelled(TemporaryFolder folder)
    {
        File.WriteAllLines(folder["kto.jsonl"], File.ReadLines(TestTraining.Data("dpo")).Take(20).SelectMany(line =>
        {
            var row = System.Text.Json.JsonDocument.Parse(line).RootElement;
            string One(string ids, string label) => $"{{\"prompt_ids\": {row.GetProperty("prompt_ids")}, \"completion_ids\": {row.GetProperty(ids)}, \"label\": {label}}}";
            return (string[])[One("chosen_ids", "true"), One("rejected_ids", "false")];
        }));
        return folder["kto.jsonl"];
    }

    /// <summary>From the second micro-batch of the second step on, asks the allocator for more than any machine has when more rows are computed at once than fit: what libtorch throws is what it throws in earnest.</summary>
    private sealed class Greedy(IObjective inner, int rowsThatFit) : IObjective
    {
        private int _step;
        private int _calls;

        public int RowCount => inner.RowCount;

        public int StepsPerGeneration => inner.StepsPerGeneration;

        public int TokensOf(int row) => inner.TokensOf(row);

        public int ItemsOf(int row) => inner.ItemsOf(row);

        public void BeginStep(int step, IReadOnlyList<int[]> microBatches, CancellationToken cancellation)
        {
            (_step, _calls) = (step, 0);
            inner.BeginStep(step, microBatches, cancellation);
        }

        public MicroBatchOutcome Backward(IReadOnlyList<int> rows, MicroBatchShare share)
        {
            _calls++;
            if (_step >= 1 && _calls >= 2 && rows.Count > rowsThatFit)
            {
                using var scope = NewDisposeScope();
                empty(1L << 58, ScalarType.Float32);
            }

            return inner.Backward(rows, share);
        }

        public Evaluated? Evaluate(int batchSize, CancellationToken cancellation) => inner.Evaluate(batchSize, cancellation);

        public void Dispose() => inner.Dispose();
    }
}
