using System.Diagnostics;
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
        Console.WriteLine($"threads {get_num_threads()}; computing in {Compute}; medians over steps; share = operations of forward and backward per second / matrix product rate of this machine in that type");
        Console.WriteLine("| model | rows | tokens/s | share | baseline tokens/s | ratio | matrix GFLOP/s |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- |");
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
        var before = MatrixRate();
        var ours = Ours(model, rows, ragged ? model.Rows : perStep, steps + 2);
        var between = MatrixRate();
        using var loop = new PaddedEagerLoop(model);
        var batches = rows.Chunk(perStep).Take(model.Name == "30M" ? 3 : 4).ToList();
        var baseline = Median(loop.Train(batches).Zip(batches, (s, b) => b.Sum(r => r.Length) / s).Skip(1));
        var rate = (before + between) / 2;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {model.Name} | {(ragged ? "ragged" : "dense")} | {ours:F0} | {ours * model.FlopsPerToken(ragged ? MeanLength : Longest) / rate:P0} | {baseline:F0} | {ours / baseline:F1} | {rate / 1e9:F0} |"));
    }

    private static double Ours(BenchmarkModel model, int[][] rows, int batch, int steps)
    {
        var folder = Directory.CreateTempSubdirectory("lamd-benchmark-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "config.json"), model.Config());
            File.WriteAllLines(Path.Combine(folder.FullName, "rows.jsonl"), rows.Select(r => $"{{\"input_ids\": [{string.Join(',', r)}], \"completion_mask\": [{string.Join(',', r.Select(_ => 1))}]}}"));
            var recipe = TrainingRecipe.Parse(
                $"method: cpt\ninit: random\nmodel: {folder.FullName}\ndataset: {folder.FullName}/rows.jsonl\nmax_steps: {steps}\nper_device_train_batch_size: {batch}\npacking: true\nmax_length: {Longest}\nlearning_rate: 1e-4\nsave_seconds: 0",
                "benchmark");
            Trainer.Run(recipe, new TrainingJob { OutputFolder = Path.Combine(folder.FullName, "out") });
            return Median(File.ReadLines(Path.Combine(folder.FullName, "out", "metrics.jsonl")).Skip(2).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("tokens_per_second").GetDouble()));
        }
        finally
        {
            folder.Delete(recursive: true);
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

    private static double MatrixRate()
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        const int size = 1024;
        var (a, b) = (randn(size, size).to(Compute), randn(size, size).to(Compute));
        var seconds = new List<double>();
        for (var i = 0; i < 16; i++)
        {
            var started = Stopwatch.GetTimestamp();
            using (a.matmul(b))
            {
                seconds.Add(Stopwatch.GetElapsedTime(started).TotalSeconds);
            }
        }

        return 2.0 * size * size * size / Median(seconds.Skip(4));
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted[sorted.Length / 2];
    }
}
