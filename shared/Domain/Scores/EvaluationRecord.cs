using LamdAgent.Domain.Actions;

namespace LamdAgent.Domain.Scores;

/// <summary>One evaluation of a model in full, kept beside the short scores in the step.</summary>
public sealed record EvaluationRecord
{
    /// <summary>The search.</summary>
    public required string SearchId { get; init; }

    /// <summary>The step whose evaluation this is; with the search the natural key.</summary>
    public required string StepId { get; init; }

    /// <summary>The model that was scored.</summary>
    public required string ModelId { get; init; }

    /// <summary>The split that was read.</summary>
    public required EvaluationSplit Split { get; init; }

    /// <summary>A score per task.</summary>
    public required IReadOnlyList<TaskScore> Tasks { get; init; }

    /// <summary>Where the samples (a JSONL per task) lie in the artifact store; null when not kept.</summary>
    public string? SamplesArtifact { get; init; }

    /// <summary>Working time in seconds.</summary>
    public double Seconds { get; init; }

    /// <summary>When it ended.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}
