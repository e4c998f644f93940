using System.Text.Json;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Domain.Pipelines;
using LamdAgent.Domain.Recipes;
using LamdAgent.Domain.Steps;
using LamdAgent.Hosting.Steps;
using LamdAgent.Modeling.Training;
using LamdAgent.Storage;
using LamdAgent.Storage.Artifacts;
using Microsoft.Extensions.Options;

namespace LamdAgent.Trainer.TrainModel;

/// <summary>Makes a step's model: inputs from the artifact store, the training with its checkpoints in the step's work folder, the result back into the store.</summary>
internal sealed partial class ModelTraining(IRunStore store, IArtifactStore artifacts, IOptions<WorkerOptions> options, TimeProvider clock, ILogger<ModelTraining> logger)
{
    private const string MetricsFile = "metrics.jsonl";

    public async Task<StepOutcome> RunAsync(StepWork work, CancellationToken cancellation)
    {
        var step = work.Step;
        var inputs = await store.GetInputModelsAsync(step, cancellation);
        var folder = await artifacts.OpenAsync(inputs[0].Artifact, inputs[0].Digest, cancellation);
        var recipe = StepRecipes.Training(step.Action, folder, Datasets(work), step.Seed, step.DataFraction, work.Search.SpecFolder);
        if (options.Value.Device != "auto")
        {
            recipe = recipe with { Run = recipe.Run with { Device = options.Value.Device } };
        }

        var draft = artifacts.NewModelDraft(step);
        try
        {
            var job = new TrainingJob
            {
                ModelFolder = folder,
                OutputFolder = draft,
                WorkFolder = artifacts.WorkFolder(step.SearchId, step.Id, work.Claim.FencingToken),
                ModelId = step.ModelId,
                Rewards = RewardFunctions.For(recipe),
                Time = clock,
            };
            Modeling.Training.Trainer.Run(recipe, job, new OptimizerProgress(work.Progress, message => LogMessage(step.SearchId, step.Id, message)), cancellation);
            await KeepCurveAsync(step, draft, cancellation);
            var baseModel = await store.GetRootAsync(inputs[0], cancellation);
            var product = await artifacts.PublishModelAsync(draft, work.Search, step, inputs, baseModel, cancellation);
            return new StepOutcome.Produced(product) { Accepted = () => artifacts.DeleteWorkFolder(step.SearchId, step.Id) };
        }
        catch (TrainingDivergedException e)
        {
            return new StepOutcome.Failed(new StepFailure(StepFailureKind.TrainingDiverged, e.Message)) { Accepted = () => artifacts.DeleteWorkFolder(step.SearchId, step.Id) };
        }
        finally
        {
            artifacts.Drop(draft);
        }
    }

    private static List<DatasetReference> Datasets(StepWork work)
    {
        var datasets = new List<DatasetReference>();
        foreach (var id in work.Step.Action.Datasets)
        {
            var input = work.Search.Datasets.First(dataset => dataset.Id == id);
            if (!File.Exists(input.Path) || ContentDigest.OfFile(input.Path) != input.Digest)
            {
                throw new InvalidInputException(input.Path, null, $"the dataset '{id}' was changed or removed after the search began");
            }

            datasets.Add(new DatasetReference(input.Path, work.Spec.Datasets.First(dataset => dataset.Id == id).Format));
        }

        return datasets;
    }

    // The curve goes to the run store. It holds times, so it is no part of the model: the same training gives the same folder.
    private async Task KeepCurveAsync(StepRecord step, string draft, CancellationToken cancellation)
    {
        var file = Path.Combine(draft, MetricsFile);
        if (!File.Exists(file))
        {
            return;
        }

        var points = new List<MetricPoint>();
        foreach (var line in await File.ReadAllLinesAsync(file, cancellation))
        {
            using var json = JsonDocument.Parse(line);
            var values = json.RootElement.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.Number)
                .ToDictionary(p => p.Name, p => p.Value.GetDouble(), StringComparer.Ordinal);
            if (values.Remove("step", out var number))
            {
                points.Add(new MetricPoint((int)number, values));
            }
        }

        await store.AppendMetricsAsync(step.SearchId, step.Id, points, cancellation);
        File.Delete(file);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{SearchId}/{StepId}: {Message}")]
    private partial void LogMessage(string searchId, string stepId, string message);

    private sealed class OptimizerProgress(IProgress<StepProgress> steps, Action<string> say) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Message is { } message)
            {
                say(message);
            }

            steps.Report(new StepProgress(
                (double)value.Step / Math.Max(1, value.TotalSteps),
                FormattableString.Invariant($"step {value.Step}/{value.TotalSteps}, loss {value.Loss:F3}, {value.TokensPerSecond:F0} tokens/s")));
        }
    }
}
