using System.Text.Json;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Domain.Scores;
using LamdAgent.Evaluation;
using LamdAgent.Storage.Artifacts;

namespace LamdAgent.Evaluator.EvaluateModel;

/// <summary>
/// Scores that were taken before, by content: the model's files, the task's file and data, the way of measuring. Each is an artifact with the score, all metrics and the samples. What is
/// found here is what a new evaluation would give, so it is not done again.
/// </summary>
internal sealed class ScoreCache(IArtifactStore artifacts)
{
    private const string ScoreFile = "score.json";
    private static readonly string[] TokenizerFiles = ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json", "generation_config.json"];

    /// <summary>Identity of everything in a model folder that a score depends on: weights, config, tokenizer and template.</summary>
    public static string ModelKey(string folder) => ContentDigest.Combine(
        TokenizerFiles.Where(name => File.Exists(Path.Combine(folder, name)))
            .Select(name => KeyValuePair.Create(name, ContentDigest.OfFile(Path.Combine(folder, name))))
            .Append(KeyValuePair.Create("model", ModelDigest.OfFolder(folder))));

    /// <summary>A score taken before and the folder of its samples, or null.</summary>
    public (TaskScore Score, string Folder)? Find(string searchId, string key) =>
        artifacts.Find(NameOf(searchId, key)) is { } folder
            ? (JsonSerializer.Deserialize<TaskScore>(File.ReadAllText(Path.Combine(folder, ScoreFile)), DomainJson.Options)!, folder)
            : null;

    /// <summary>Keeps a result and gives what <see cref="Find"/> will give.</summary>
    public async Task<(TaskScore Score, string Folder)> KeepAsync(string searchId, string key, TaskResult result, CancellationToken cancellation)
    {
        var score = new TaskScore
        {
            TaskId = result.Task,
            Score = result.Score,
            StandardError = result.StandardError,
            Count = result.Count,
            Metrics = result.Metrics.ToDictionary(metric => metric.Key, metric => metric.Value.Value, StringComparer.Ordinal),
        };
        var draft = artifacts.NewDraft(NameOf(searchId, key));
        try
        {
            EvaluationReport.Write(draft, [result]);
            AtomicFile.WriteAllText(Path.Combine(draft, ScoreFile), JsonSerializer.Serialize(score, DomainJson.Indented));
            var name = await artifacts.PublishAsync(draft, NameOf(searchId, key), cancellation);
            return (score, artifacts.Find(name)!);
        }
        finally
        {
            artifacts.Drop(draft);
        }
    }

    private string NameOf(string searchId, string key) => artifacts.NameOf(searchId, "scores", key[..32]);
}
