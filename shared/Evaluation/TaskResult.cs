using System.Text.Json.Nodes;

namespace LamdAgent.Evaluation;

/// <summary>The score of a model on a task, with everything needed to trust and repeat it.</summary>
public sealed record TaskResult
{
    /// <summary>The task.</summary>
    public required string Task { get; init; }

    /// <summary>Version of the task.</summary>
    public required string Version { get; init; }

    /// <summary>The split it was taken on.</summary>
    public required EvaluationSplit Split { get; init; }

    /// <summary>Name of the metric that is the score.</summary>
    public required string Metric { get; init; }

    /// <summary>Whether a larger score is better.</summary>
    public required bool HigherIsBetter { get; init; }

    /// <summary>The score.</summary>
    public required double Score { get; init; }

    /// <summary>Its standard error over the items; null when there is none.</summary>
    public required double? StandardError { get; init; }

    /// <summary>Number of items.</summary>
    public required int Count { get; init; }

    /// <summary>Number of items of the split; larger than <see cref="Count"/> when a limit was set.</summary>
    public required int Available { get; init; }

    /// <summary>Answers that ran into the token limit: many of them mean that the limit, not the model, was measured. Null for log-likelihood tasks.</summary>
    public int? Truncated { get; init; }

    /// <summary>All metrics of the grader.</summary>
    public required IReadOnlyDictionary<string, MetricValue> Metrics { get; init; }

    /// <summary>Digest of task file and data.</summary>
    public required string TaskDigest { get; init; }

    /// <summary>Digest of the model.</summary>
    public required string ModelDigest { get; init; }

    /// <summary>The way it was measured, <see cref="TaskEvaluator.Protocol"/>.</summary>
    public required string Protocol { get; init; }

    /// <summary>The answers, in the order of the data.</summary>
    public required IReadOnlyList<EvaluationSample> Samples { get; init; }

    /// <summary>The result without its samples.</summary>
    public JsonObject ToJson() => new()
    {
        ["task"] = Task,
        ["version"] = Version,
        ["split"] = Split == EvaluationSplit.Test ? "test" : "validation",
        ["metric"] = Metric,
        ["higher_is_better"] = HigherIsBetter,
        ["score"] = Score,
        ["stderr"] = StandardError,
        ["n"] = Count,
        ["available"] = Available,
        ["truncated"] = Truncated,
        ["metrics"] = new JsonObject(Metrics.Select(pair => KeyValuePair.Create(
            pair.Key, (JsonNode?)new JsonObject { ["value"] = pair.Value.Value, ["stderr"] = pair.Value.StandardError }))),
        ["task_digest"] = TaskDigest,
        ["model_digest"] = ModelDigest,
        ["protocol"] = Protocol,
    };
}
