using System.Globalization;
using LamdAgent.Checkpoints;
using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Pipelines;
using LamdAgent.Domain.Recipes;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Specs;
using LamdAgent.Evaluation;
using LamdAgent.Planner.Agent;

namespace LamdAgent.Planner.Estimates;

/// <summary>Counts and estimates what a search would take; reads file sizes and headers only.</summary>
public static class SearchEstimator
{
    private const double BytesPerToken = 4; // English and JSON in sub-word vocabularies
    private const double GenerationSlowdown = 8; // generated tokens against trained ones, per token and parameter
    private const int CallsPerStep = 3; // memory, type, objects

    /// <summary>Makes the estimate.</summary>
    /// <exception cref="Domain.InvalidInputException">A model or task cannot be read.</exception>
    public static SearchEstimate Estimate(SearchSpec spec, SearchRecord search, IReadOnlyList<ModelRecord> startModels, MachineResources machine)
    {
        var parameters = spec.Models.Max(m => CountParameters(m.Path));
        var config = ModelConfig.Read(spec.Models[0].Path);
        var modelBytes = startModels.Max(m => m.Bytes ?? 0);
        var trainings = spec.Actions.Where(a => a.Kind == ActionKind.Train).ToList();
        var recipes = trainings.SelectMany(a => a.ParameterSets.Select(s => (Action: a, Recipe: Recipe(a, s)))).ToList();
        var memory = recipes.Count == 0 ? 3 * modelBytes : recipes.Max(r => TrainingMemory(r.Recipe, parameters, config));
        var models = spec.Budget.Steps + (spec.Reference is null ? 0 : 1);
        var disk = (models * modelBytes) + (3 * parameters * sizeof(float)); // and the checkpoint of the training under way
        var perStep = recipes.Count == 0 ? 0 : recipes.Average(r => r.Action.Datasets.Average(d => TokensOf(spec, search, d, r.Recipe)));
        var reference = spec.Reference is null ? 0 : spec.Reference.Datasets.Sum(d => TokensOf(spec, search, d, ReferenceRecipe(spec.Reference)));
        var trainTokens = (perStep * spec.Budget.Steps) + reference;
        var (validation, test) = (EvaluationTokens(spec, Evaluation.EvaluationSplit.Validation), EvaluationTokens(spec, Evaluation.EvaluationSplit.Test));
        var evaluationTokens = (validation * (models + spec.Models.Count)) + (test * (spec.Reference is null ? 2 : 3));
        var flops = ((6.0 * trainTokens) + (2.0 * GenerationSlowdown * evaluationTokens)) * parameters;
        return new SearchEstimate
        {
            Actions = [.. spec.Actions.Select(a => Size(spec, startModels, a))],
            Steps = spec.Budget.Steps,
            ModelParameters = parameters,
            ModelBytes = modelBytes,
            TrainingMemoryBytes = memory,
            MemoryAvailableBytes = machine.MemoryBytes,
            DiskBytes = disk,
            DiskFreeBytes = machine.DiskFreeBytes,
            TrainingTokens = (long)trainTokens,
            EvaluationTokens = evaluationTokens,
            Seconds = flops / machine.FlopsPerSecond,
            LlmTokens = spec.Planner.Strategy == "llm" ? LlmTokens(spec) : 0,
            Problems = Problems(memory, machine, disk),
        };
    }

    private static List<string> Problems(long memory, MachineResources machine, long disk)
    {
        var problems = new List<string>();
        if (machine.MemoryBytes is { } offered && memory > offered)
        {
            problems.Add($"a training needs about {Gigabytes(memory)} of memory, a trainer has {Gigabytes(offered)}; use lora, a smaller batch or max_length, or gradient_checkpointing");
        }

        if (machine.DiskFreeBytes is { } free && disk > free)
        {
            problems.Add($"the models of all steps need about {Gigabytes(disk)} of disk, {Gigabytes(free)} are free; take fewer steps, or keep models on a larger disk");
        }

        return problems;
    }

    private static string Gigabytes(long bytes) => (bytes / 1e9).ToString(bytes < 100_000_000 ? "0.000" : "0.0", CultureInfo.InvariantCulture) + " GB";

    private static long CountParameters(string folder)
    {
        using var checkpoint = Checkpoint.Open(folder);
        return checkpoint.InOrder.Sum(t => t.Shape.Aggregate(1L, (a, b) => a * b));
    }

    private static ActionTypeEstimate Size(SearchSpec spec, IReadOnlyList<ModelRecord> startModels, ActionSpec action)
    {
        var lineage = new Lineage();
        foreach (var model in startModels)
        {
            lineage.Add(model.Id, model.Parents);
        }

        var start = new ActionSpace(spec, lineage, [.. startModels.Select(m => m.Id)]);
        var everything = Enumerable.Range(1, startModels.Count + spec.Budget.Steps - 1).Select(ModelId.Format).ToList();
        return new ActionTypeEstimate(
            action.Type,
            action.ParameterSets.Count,
            action.Datasets.Count,
            start.Enumerate(action).LongCount(),
            new ActionSpace(spec, lineage, everything).UpperBound(action));
    }

    private static TrainingRecipe Recipe(ActionSpec action, ParameterSet set) => StepRecipes.Training(
        new PipelineAction { Type = action.Type, Kind = ActionKind.Train, Models = ["m"], Parameters = set.Values }, "/m", [], 0, 1, "/");

    private static TrainingRecipe ReferenceRecipe(ReferenceSpec reference) => StepRecipes.Training(
        new PipelineAction { Type = reference.Type, Kind = ActionKind.Train, Models = ["m"], Parameters = reference.Parameters }, "/m", [], 0, 1, "/");

    /// <summary>
    /// Master weights, gradients and two moments in float32 (16 bytes a parameter) plus the compute copy; with LoRA the frozen weights only. Activations: per token and
    /// layer about 34 values of the hidden size (attention kept in blocks), a few with gradient checkpointing; logits of one chunk of 1,024 tokens.
    /// </summary>
    private static long TrainingMemory(TrainingRecipe recipe, long parameters, ModelConfig config)
    {
        var width = recipe.Run.Precision == "float32" ? 4 : 2;
        var weights = recipe.Lora is null ? parameters * (16 + (width == 2 ? 2 : 0)) : parameters * width * 1.1;
        var copies = recipe.Method == TrainingMethod.Dpo ? parameters * width : 0; // the frozen reference
        var tokens = (double)recipe.Optimization.PerDeviceTrainBatchSize * recipe.Data.MaxLength * (recipe.Method is TrainingMethod.Dpo or TrainingMethod.Cpo or TrainingMethod.Simpo or TrainingMethod.Orpo ? 2 : 1);
        var activations = tokens * config.HiddenSize * width * (recipe.Run.GradientCheckpointing ? (2.0 * config.NumHiddenLayers) + 34 : 34.0 * config.NumHiddenLayers);
        var logits = Math.Min(tokens, 1024) * config.VocabSize * 4 * 3;
        return (long)(weights + copies + activations + logits);
    }

    private static double TokensOf(SearchSpec spec, SearchRecord search, string datasetId, TrainingRecipe recipe)
    {
        var dataset = search.Datasets.First(d => d.Id == datasetId);
        var bytes = dataset.Bytes * (dataset.Path.EndsWith(".gz", StringComparison.Ordinal) ? 4.0 : 1);
        var once = bytes / BytesPerToken * spec.DataFraction;
        return recipe.Optimization.MaxSteps > 0
            ? Math.Min((double)recipe.Optimization.MaxSteps * recipe.Optimization.PerDeviceTrainBatchSize * recipe.Optimization.GradientAccumulationSteps * recipe.Data.MaxLength, once * 1000)
            : once * recipe.Optimization.NumTrainEpochs;
    }

    private static long EvaluationTokens(SearchSpec spec, Evaluation.EvaluationSplit split) => spec.Tasks.Sum(t =>
    {
        var task = EvaluationTask.Load(t.Path);
        return task.Has(split) ? (long)task.ReadRows(split).Count * Math.Max(1, task.MaxNewTokens) : 0;
    });

    /// <summary>Prompts grow with the list of models and steps, up to the limit of what is listed.</summary>
    private static long LlmTokens(SearchSpec spec)
    {
        var fixedPart = PromptLibrary.Load("system").Length + PromptLibrary.Load("objects").Length + spec.Goal.Length
            + spec.Datasets.Sum(d => d.Description.Length + d.Id.Length + 4) + (spec.Actions.Max(a => a.ParameterSets.Count) * 40) + 1200;
        var perStep = 120 + (60 * spec.Tasks.Count);
        long characters = 0;
        for (var step = 1; step <= spec.Budget.Steps; step++)
        {
            characters += CallsPerStep * (fixedPart + (Math.Min(step, 60) * 2L * perStep) + 600);
        }

        return characters / 4;
    }
}
