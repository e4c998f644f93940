using LamdAgent.Domain.Pipelines;
using LamdAgent.Domain.Steps;
using LamdAgent.Hosting.Steps;
using LamdAgent.Merging;
using LamdAgent.Storage;
using LamdAgent.Storage.Artifacts;

namespace LamdAgent.Merger.MergeModels;

/// <summary>Makes a step's model: inputs from the artifact store, the merge, the result back into it.</summary>
internal sealed class ModelMerging(IRunStore store, IArtifactStore artifacts)
{
    public async Task<StepOutcome> RunAsync(StepWork work, CancellationToken cancellation)
    {
        var step = work.Step;
        var inputs = await store.GetInputModelsAsync(step, cancellation);
        var folders = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var input in inputs)
        {
            folders[input.Id] = await artifacts.OpenAsync(input.Artifact, input.Digest, cancellation);
        }

        // Names instead of paths, so that the model card reads the same on every machine.
        var config = MergeConfig.Parse(StepRecipes.Merge(step.Action, id => id), step.Action.ToString()) with { Seed = step.Seed };
        var draft = artifacts.NewModelDraft(step);
        try
        {
            var baseModel = await store.GetRootAsync(inputs[0], cancellation);
            var options = new MergeOptions
            {
                Output = draft,
                Resolve = name => folders[name],
                Id = step.ModelId,
                Base = baseModel,
                Digests = false,
                KnownDigest = name => inputs.FirstOrDefault(input => input.Id == name)?.Digest,
                IgnoreLineage = true, // the planner took the ancestor from the search's own records
            };
            MergeEngine.Run(config, options, new TensorProgress(work.Progress), cancellation);
            return new StepOutcome.Produced(await artifacts.PublishModelAsync(draft, work.Search, step, inputs, baseModel, cancellation));
        }
        finally
        {
            artifacts.Drop(draft);
        }
    }

    private sealed class TensorProgress(IProgress<StepProgress> steps) : IProgress<MergeProgress>
    {
        public void Report(MergeProgress value) =>
            steps.Report(new StepProgress((double)value.TensorsDone / Math.Max(1, value.Tensors), FormattableString.Invariant($"{value.TensorsDone}/{value.Tensors} tensors")));
    }
}
