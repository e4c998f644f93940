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

    public static string Data(string yaml) => Repository.Golden("train", yaml.Contains("dpo", StringComparison.Ordinal) || yaml.Contains("po\n", StringComparison.Ordinal) ? "rows-dpo.jsonl" : "rows-sft.jsonl");

    /// <summary>Calls back synchronously, unlike Progress.</summary>
    internal sealed class Watcher(Action<TrainingProgress> seen) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => seen(value);
    }
}
