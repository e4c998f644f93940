using System.Text.Json;
using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Training;
using LamdAgent.TestKit;

namespace LamdAgent.Modeling.Tests.Training;

/// <summary>Short trainings on the tiny reference model. One thread: these tests are about numbers, and other tests run beside them.</summary>
internal static class TestTraining
{
    public static string Model { get; } = Repository.Golden("models", "llama-untied");

    public static TrainingRecipe Recipe(string yaml) => TrainingRecipe.Parse(
        yaml + "\nnum_threads: 1" + (yaml.Contains("\ndataset:", StringComparison.Ordinal) ? "" : $"\ndataset: {Data(yaml)}"), "test.yaml");

    public static TrainingResult Run(TrainingRecipe recipe, string output, IProgress<TrainingProgress>? progress = null, CancellationToken cancellation = default, IReadOnlyList<IRewardFunction>? rewards = null, string? model = null) =>
        Trainer.Run(recipe, new TrainingJob { ModelFolder = model ?? Model, OutputFolder = output, Rewards = rewards ?? [], ModelId = "m" }, progress, cancellation);

    public static string Data(string yaml) => Repository.Golden("train", yaml.Contains("dpo", StringComparison.Ordinal) || yaml.Contains("po\n", StringComparison.Ordinal) || yaml.Contains("reward\n", StringComparison.Ordinal) ? "rows-dpo.jsonl" : "rows-sft.jsonl");

    /// <summary>A metric of every step that has it.</summary>
    public static double[] Metric(string folder, string name) =>
        [.. File.ReadLines(Path.Combine(folder, "metrics.jsonl")).Select(l => JsonDocument.Parse(l).RootElement.TryGetProperty(name, out var v) ? v.GetDouble() : double.NaN).Where(double.IsFinite)];

    /// <summary>The tiny reference model with a tokenizer, which it lacks; any that covers its ids will do for decoding.</summary>
    public static string WithTokenizer(TemporaryFolder folder)
    {
        Directory.CreateDirectory(folder["model"]);
        foreach (var file in (string[])["config.json", "model.safetensors"])
        {
            File.Copy(Path.Combine(Model, file), folder["model", file]);
        }

        var vocabulary = string.Join(", ", Enumerable.Range(0, 288).Select(i => $"\"{(char)(0x4E00 + i)}\": {i}"));
        File.WriteAllText(
            folder["model", "tokenizer.json"],
            """{"version": "1.0", "added_tokens": [], "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": {"type": "Fuse"}, "model": {"type": "BPE", "vocab": {VOCABULARY}, "merges": []}}"""
                .Replace("VOCABULARY", vocabulary, StringComparison.Ordinal));
        return folder["model"];
    }

    /// <summary>Calls back synchronously, unlike Progress.</summary>
    internal sealed class Watcher(Action<TrainingProgress> seen) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => seen(value);
    }
}
