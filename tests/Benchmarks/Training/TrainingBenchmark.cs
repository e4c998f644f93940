using System.Globalization;
using System.Text.Json;
using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Native;
using LamdAgent.Modeling.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Benchmarks.Training;

/// <summary>
/// Tokens per second of whole training steps (data, forward, backward, clipping, update, metrics) on dense and ragged rows, as a share of the machine's own matrix
/// rate measured around each run, in the type that the trainer computes in here (bfloat16, or float32 on CPUs without fast bfloat16), beside <see cref="PaddedEagerLoop"/>. Padding does not count as tokens.
/// </summary>
internal static class TrainingBenchmark
{
    private const int Longest = 256;
    private const int MeanLength = 96;

    /// <summary>What the trainer computes in on this machine.</summary>
    public static ScalarType Compute => ProcessorFeatures.HasFastBFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;

    public static void Run(string[] sizes)
    {
        TorchRuntime.Initialize(Environment.ProcessorCount);
        var narrow = MatrixRate(ScalarType.BFloat16, ProcessorFeatures.HasFastBFloat16 ? 1024 : 256);
        Console.WriteLine($"threads {get_num_threads()}; computing in {Compute}; medians over steps; share = operations of forward and backward per second / matrix product rate of this machine in that type");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"bfloat16 matrix products here: {narrow.PerSecond / 1e9:F1} GFLOP/s; (p) = by processor time instead of the clock"));
        Console.WriteLine("| model | rows | tokens/s | share | share (p) | baseline tokens/s | ratio | ratio (p) | matrix GFLOP/s |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
        foreach (var model in BenchmarkModel.All.Where(m => sizes.Length == 0 || sizes.Contains(m.Name)))
        {
            foreach (var ragged in (bool[])[false, true])
            {
                Measure(model, ragged);
            }
        }
    }

    private static void Measure(BenchmarkModel model, bool ragged)
    {
        var steps = model.Name == "30M" ? 3 : 6;
        var perStep = ragged ? model.Rows * Longest / MeanLength : model.Rows;
        var rows = Rows(perStep * (steps + 2), ragged, model.Vocabulary);
        var before = MatrixRate(Compute, 1024);
        var ours = Ours(model, rows, ragged ? model.Rows : perStep, steps + 2);
        var between = MatrixRate(Compute, 1024);
        using var loop = new PaddedEagerLoop(model);
        var batches = rows.Chunk(perStep).Take(model.Name == "30M" ? 3 : 5).ToList();
        var baseline = Speed.Median(loop.Train(batches).Skip(1));
        var rate = Speed.Median([before, between, MatrixRate(Compute, 1024)]);
        var (share, ratio) = (ours * model.FlopsPerToken(ragged ? MeanLength : Longest) / rate, ours / baseline);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {model.Name} | {(ragged ? "ragged" : "dense")} | {ours.PerSecond:F0} | {share.PerSecond:P0} | {share.PerProcessorSecond:P0} | {baseline.PerSecond:F0} | {ratio.PerSecond:F1} | {ratio.PerProcessorSecond:F1} | {rate.PerSecond / 1e9:F0} |"));
    }

    private static Speed Ours(BenchmarkModel model, int[][] rows, int batch, int steps)
    {
        var folder = Directory.CreateTempSubdirectory("lamd-benchmark-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "config.json"), model.Config());
            File.WriteAllLines(Path.Combine(folder.FullName, "rows.jsonl"), rows.Select(r => $"{{\"input_ids\": [{string.Join(',', r)}], \"completion_mask\": [{string.Join(',', r.Select(_ => 1))}]}}"));
            var recipe = TrainingRecipe.Parse(
                $"method: cpt\ninit: random\nmodel: {folder.FullName}\ndataset: {folder.FullName}/rows.jsonl\nmax_steps: {steps}\nper_device_train_batch_size: {batch}\npacking: true\nmax_length: {Longest}\nlearning_rate: 1e-4\nsave_seconds: 0",
                "benchmark");
            var laps = new StepLaps();
            Trainer.Run(recipe, new TrainingJob { OutputFolder = Path.Combine(folder.FullName, "out") }, laps);
            var tokens = File.ReadLines(Path.Combine(folder.FullName, "out", "metrics.jsonl")).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("num_tokens").GetDouble()).ToList();
            return Speed.Median(laps.Steps.Select((s, i) => s * (tokens[i] - (i == 0 ? 0 : tokens[i - 1]))).Skip(2));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Steps per second, step by step.</summary>
    private sealed class StepLaps : IProgress<TrainingProgress>
    {
        private readonly Speed.Laps _laps = new();

        public List<Speed> Steps { get; } = [];

        public void Report(TrainingProgress value)
        {
            if (value.Message is null)
            {
                Steps.Add(_laps.Lap(1));
            }
        }
    }

    // Lengths of ragged rows: exponential around the mean, cut at the maximum, by a fixed seed.
    private static int[][] Rows(int count, bool ragged, int vocabulary)
    {
        var random = new Random(7);
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            var length = ragged ? Math.Clamp((int)(-Math.Log(1 - random.NextDouble()) * (MeanLength + 8)), 8, Longest) : Longest;
            return Enumerable.Range(0, length).Select(_ => random.Next(3, vocabulary)).ToArray();
        })];
    }

    private static Speed MatrixRate(ScalarType type, int size)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var (a, b) = (randn(size, size).to(type), randn(size, size).to(type));
        var laps = new Speed.Laps();
        var speeds = new List<Speed>();
        for (var i = 0; i < 6; i++)
        {
            // The processor clock ticks in hundredths of a second: several products a lap.
            for (var repeat = 0; repeat < 4; repeat++)
            {
                using (a.matmul(b))
                {
                }
            }

            speeds.Add(laps.Lap(4.0 * 2 * size * size * size));
        }

        return Speed.Median(speeds.Skip(2));
    }
}
