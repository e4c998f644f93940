using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Evaluation.Data;

namespace LamdAgent.Evaluation;

/// <summary>
/// Measures a model on a task. The same model, task and protocol give the same result: decoding is greedy, examples are chosen by seed and content,
/// and nothing depends on how requests are batched. An evaluation that cannot be finished throws; it never yields a score.
/// </summary>
public static class TaskEvaluator
{
    /// <summary>Name of the way things are measured here. It changes when the same task and model could give another score.</summary>
    public const string Protocol = "lamd-eval-1";

    /// <summary>Runs a task.</summary>
    /// <param name="model">The model.</param>
    /// <param name="task">The task.</param>
    /// <param name="split">Which data.</param>
    /// <param name="options">Limits; null for none.</param>
    /// <param name="progress">Told the share of requests done, 0 to 1.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="InvalidInputException">The data or the task cannot be used, or an answer cannot be graded.</exception>
    public static TaskResult Evaluate(
        ILanguageModel model,
        EvaluationTask task,
        EvaluationSplit split,
        EvaluationOptions? options = null,
        IProgress<double>? progress = null,
        CancellationToken cancellation = default)
    {
        var all = task.ReadRows(split);
        var rows = options?.Limit is { } limit and > 0 ? [.. all.Take(limit)] : all;
        var digest = task.Digest(split);
        var shots = new FewshotSampler(task);
        var prompts = rows.Select(row => row.Use(value => task.Prompt.Render(value, shots.For(value)))).ToList();
        int? truncated = null;
        var responses = task.Grader is ILogLikelihoodGrader likelihood
            ? Score(model, likelihood, task, rows, prompts, progress, cancellation)
            : Generate(model, task, prompts, progress, out truncated, cancellation);

        var graded = new GradedItem[rows.Count];
        Parallel.For(0, rows.Count, new ParallelOptions { CancellationToken = cancellation }, i =>
            graded[i] = rows[i].Use(value => new GradedItem(value, responses[i], task.Grader.Grade(value, responses[i]))));
        var metrics = task.Grader.Aggregate(graded);
        if (!metrics.TryGetValue(task.Metric, out var score) || !double.IsFinite(score.Value))
        {
            throw new InvalidInputException(task.File, null, $"these items give no '{task.Metric}': there is no score");
        }

        return new TaskResult
        {
            Task = task.Name,
            Version = task.Version,
            Split = split,
            Metric = task.Metric,
            HigherIsBetter = task.HigherIsBetter,
            Score = score.Value,
            StandardError = score.StandardError,
            Count = rows.Count,
            Available = all.Count,
            Truncated = truncated,
            Metrics = metrics,
            TaskDigest = digest,
            ModelDigest = model.Digest,
            Protocol = options?.Limit is { } cut and > 0 ? $"{Protocol}; first {cut}" : Protocol,
            Samples = [.. graded.Select((item, i) => new EvaluationSample(
                item.Item.At("id") ?? JsonSerializer.SerializeToElement(i), item.Item, prompts[i].ToJson(), item.Response, item.Verdict.Fields, item.Verdict.Metrics))],
        };
    }

    /// <summary>The key under which a result may be kept and found again.</summary>
    public static string CacheKey(string modelDigest, EvaluationTask task, EvaluationSplit split, EvaluationOptions? options = null) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Protocol}\n{options?.Limit}\n{modelDigest}\n{split}\n{task.Digest(split)}")));

    private static List<JsonElement> Generate(
        ILanguageModel model, EvaluationTask task, List<ModelPrompt> prompts, IProgress<double>? progress, out int? truncated, CancellationToken cancellation)
    {
        // Thinking may hold stop strings, so with it the model must not stop at them.
        var stop = task.ThinkEndToken is null ? task.Stop : [];
        var answers = model.Generate([.. prompts.Select(prompt => new GenerationRequest(prompt, task.MaxNewTokens, stop))], Share(progress, prompts.Count), cancellation);
        Check(answers.Count, prompts.Count);
        truncated = answers.Count(answer => !answer.Finished);
        return [.. answers.Select(answer => JsonSerializer.SerializeToElement(StopStrings.Cut(answer.Text, task.Stop, task.ThinkEndToken)))];
    }

    private static List<JsonElement> Score(
        ILanguageModel model,
        ILogLikelihoodGrader grader,
        EvaluationTask task,
        IReadOnlyList<JsonRow> rows,
        List<ModelPrompt> prompts,
        IProgress<double>? progress,
        CancellationToken cancellation)
    {
        // With a chat template the answer starts right after the template's header (lm-evaluation-harness sets the delimiter to nothing, too).
        var perRow = rows.Select((row, i) => row.Use(value =>
            grader.Requests(value, prompts[i], prompts[i].Text is null ? "" : task.Prompt.TargetDelimiter))).ToList();
        var requests = perRow.SelectMany(list => list).ToList();
        var scores = model.Score(requests, Share(progress, requests.Count), cancellation);
        Check(scores.Count, requests.Count);
        if (scores.Any(score => double.IsNaN(score.Sum)))
        {
            throw new InvalidInputException("the model gives log-likelihoods that are not numbers: there is no score");
        }

        var next = 0;
        return [.. rows.Select((row, i) =>
        {
            var own = scores.Skip(next).Take(perRow[i].Count).ToList();
            next += own.Count;
            return row.Use(value => grader.Response(value, own));
        })];
    }

    private static void Check(int given, int wanted)
    {
        if (given != wanted)
        {
            throw new InvalidOperationException($"the model answered {given} of {wanted} requests");
        }
    }

    private static Completed? Share(IProgress<double>? progress, int total) => progress is null ? null : new Completed(progress, total);

    private sealed class Completed(IProgress<double> inner, int total) : IProgress<int>
    {
        public void Report(int value) => inner.Report(total == 0 ? 1 : (double)value / total);
    }
}
