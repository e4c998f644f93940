using LamdAgent.Domain;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Steps;
using LamdAgent.Evaluation;
using LamdAgent.Hosting.Steps;
using LamdAgent.Storage;
using LamdAgent.Storage.Artifacts;

namespace LamdAgent.Evaluator.EvaluateModel;

/// <summary>Scores a step's model on every task of its search; tasks whose score is known already are not run.</summary>
internal sealed class ModelScoring(IRunStore store, IArtifactStore artifacts, ILanguageModelLoader models, TimeProvider clock)
{
    public async Task<StepOutcome> RunAsync(StepWork work, CancellationToken cancellation)
    {
        var step = work.Step;
        var (artifact, digest) = await LocateAsync(step, cancellation);
        var folder = await artifacts.OpenAsync(artifact, digest, cancellation);
        var modelKey = ScoreCache.ModelKey(folder);
        var split = step.Action.Split == Domain.Actions.EvaluationSplit.Test ? EvaluationSplit.Test : EvaluationSplit.Validation;
        var cache = new ScoreCache(artifacts);
        var scores = new List<TaskScore>();
        var sampleFolders = new List<(string TaskId, string Folder)>();
        ILanguageModel? model = null;
        try
        {
            for (var i = 0; i < work.Spec.Tasks.Count; i++)
            {
                var reference = work.Spec.Tasks[i];
                var task = EvaluationTask.Load(reference.Path);
                var key = TaskEvaluator.CacheKey(modelKey, task, split);
                var known = cache.Find(step.SearchId, key);
                if (known is null)
                {
                    model ??= models.Load(folder, cancellation);
                    var progress = new TaskProgress(work.Progress, reference.Id, i, work.Spec.Tasks.Count);
                    var result = TaskEvaluator.Evaluate(model, task, split, progress: progress, cancellation: cancellation);
                    known = await cache.KeepAsync(step.SearchId, key, result, cancellation);
                }

                scores.Add(known.Value.Score with { TaskId = reference.Id });
                sampleFolders.Add((reference.Id, known.Value.Folder));
            }
        }
        finally
        {
            (model as IDisposable)?.Dispose();
        }

        return new StepOutcome.Scored(new EvaluationRecord
        {
            SearchId = step.SearchId,
            StepId = step.Id,
            ModelId = step.ModelId,
            Split = step.Action.Split,
            Tasks = scores,
            SamplesArtifact = await KeepSamplesAsync(step, sampleFolders, cancellation),
            CreatedAt = clock.GetUtcNow(),
        });
    }

    // A step that just made the model knows it; the model's own record is written after, and by whoever comes first.
    private async Task<(string Artifact, string Digest)> LocateAsync(StepRecord step, CancellationToken cancellation)
    {
        if (step.Product is { } product)
        {
            return (product.Artifact, product.Digest);
        }

        var record = await store.GetModelAsync(step.SearchId, step.ModelId, cancellation)
            ?? throw new InvalidInputException($"the model {step.ModelId} is not in the store");
        return (record.Artifact, record.Digest);
    }

    private async Task<string> KeepSamplesAsync(StepRecord step, IReadOnlyList<(string TaskId, string Folder)> folders, CancellationToken cancellation)
    {
        var name = artifacts.NameOf(step.SearchId, "evaluations", step.Id);
        var draft = artifacts.NewDraft(name);
        try
        {
            Directory.CreateDirectory(draft);
            foreach (var (taskId, folder) in folders)
            {
                File.Copy(Directory.EnumerateFiles(folder, "*.jsonl").Single(), Path.Combine(draft, $"{taskId}.jsonl"));
            }

            return await artifacts.PublishAsync(draft, name, cancellation);
        }
        finally
        {
            artifacts.Drop(draft);
        }
    }

    private sealed class TaskProgress(IProgress<StepProgress> steps, string taskId, int index, int count) : IProgress<double>
    {
        public void Report(double value) => steps.Report(new StepProgress((index + value) / count, FormattableString.Invariant($"{taskId} {value:P0}")));
    }
}
