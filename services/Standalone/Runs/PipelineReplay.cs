using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Pipelines;
using LamdAgent.Domain.Recipes;
using LamdAgent.Merging;
using LamdAgent.Modeling.Training;
using LamdAgent.Storage.Artifacts;

namespace LamdAgent.Standalone.Runs;

/// <summary>Does a recipe's actions one after the other, as the search's workers do them. A replay that was interrupted goes on where it was when it is started again.</summary>
internal sealed class PipelineReplay(PipelineRecipe pipeline, string output, Action<string> say)
{
    private readonly string work = Path.TrimEndingDirectorySeparator(Path.GetFullPath(output)) + ".replay";

    /// <summary>Makes the model.</summary>
    /// <returns>Its digest, and the one that the search recorded when all inputs are the same as then.</returns>
    public (string Digest, string? Expected) Run(CancellationToken cancellation)
    {
        using var destination = StagedFolder.Create(output); // refuses a folder that is in use before any work is done
        destination.Dispose();
        var sameInputs = CheckInputs();
        Directory.CreateDirectory(work);
        var folders = pipeline.Models.ToDictionary(model => model.Id, model => model.Path, StringComparer.Ordinal);
        for (var i = 0; i < pipeline.Steps.Count; i++)
        {
            var step = pipeline.Steps[i];
            var folder = Path.Combine(work, step.Output);
            say($"{i + 1}/{pipeline.Steps.Count} {step.Output} = {step.Action}");
            if (!Directory.Exists(folder))
            {
                Make(step, folder, id => folders[id], cancellation);
            }

            folders[step.Output] = folder;
        }

        var digest = ModelDigest.OfFolder(folders[pipeline.Result]);
        ModelCopy.Write(folders[pipeline.Result], output, card: null);
        Directory.Delete(work, recursive: true);
        return (digest, sameInputs ? pipeline.Steps.FirstOrDefault(step => step.Output == pipeline.Result)?.Digest : null);
    }

    private void Make(PipelineStep step, string folder, Func<string, string> folderOf, CancellationToken cancellation)
    {
        if (step.Action.Kind == ActionKind.Merge)
        {
            var config = MergeConfig.Parse(StepRecipes.Merge(step.Action, id => id), step.Action.ToString()) with { Seed = step.Seed };
            MergeEngine.Run(config, new MergeOptions { Output = folder, Resolve = folderOf, Id = step.Output, IgnoreLineage = true }, cancellation: cancellation);
            return;
        }

        var datasets = step.Action.Datasets.Select(id => pipeline.Datasets.First(dataset => dataset.Id == id)).Select(dataset => new DatasetReference(dataset.Path, dataset.Format)).ToList();
        var model = folderOf(step.Action.Models[0]);
        var recipe = StepRecipes.Training(step.Action, model, datasets, step.Seed, pipeline.DataFraction, Environment.CurrentDirectory);
        Modeling.Training.Trainer.Run(
            recipe,
            new TrainingJob { ModelFolder = model, OutputFolder = folder, ModelId = step.Output, Rewards = LamdAgent.Trainer.TrainModel.RewardFunctions.For(recipe) },
            cancellation: cancellation);
    }

    // An input that names its content must have it; one that was replaced names none.
    private bool CheckInputs()
    {
        foreach (var model in pipeline.Models.Where(model => model.Digest is not null))
        {
            if (!Directory.Exists(model.Path) || ModelDigest.OfFolder(model.Path) != model.Digest)
            {
                throw new InvalidInputException(model.Path, null, $"the model '{model.Name}' is not there or not the one of the recipe; name its folder with --model {model.Name}=FOLDER");
            }
        }

        foreach (var dataset in pipeline.Datasets.Where(dataset => dataset.Digest is not null))
        {
            if (!File.Exists(dataset.Path) || ContentDigest.OfFile(dataset.Path) != dataset.Digest)
            {
                throw new InvalidInputException(dataset.Path, null, $"the dataset '{dataset.Id}' is not there or not the one of the recipe; name its file with --dataset {dataset.Id}=FILE");
            }
        }

        return pipeline.Models.Concat(pipeline.Datasets).All(input => input.Digest is not null);
    }
}
