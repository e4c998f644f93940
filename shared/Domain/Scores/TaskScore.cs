namespace LamdAgent.Domain.Scores;

/// <summary>The score of one model on one task and split.</summary>
public sealed record TaskScore
{
    /// <summary>The task's id in the search spec.</summary>
    public required string TaskId { get; init; }

    /// <summary>The task's main metric in its own units (0 to 1 for accuracies).</summary>
    public required double Score { get; init; }

    /// <summary>Standard error of <see cref="Score"/>, same units; null when there is none: one item only, or a metric without a sound one.</summary>
    public required double? StandardError { get; init; }

    /// <summary>Number of items that the score is a mean of.</summary>
    public required int Count { get; init; }

    /// <summary>Further metrics of the task, for reading only.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>(StringComparer.Ordinal);
}
