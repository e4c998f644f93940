namespace LamdAgent.Domain.Specs;

/// <summary>What a search may use. When any is reached no further step is planned; the steps in flight end and the report is made.</summary>
public sealed record SearchBudget
{
    /// <summary>Search steps; required, at least 1.</summary>
    public required int Steps { get; init; }

    /// <summary>Time during which a planner drove the search; null: no limit.</summary>
    public TimeSpan? WallTime { get; init; }

    /// <summary>Working hours of trainers and evaluators together; null: no limit.</summary>
    public double? GpuHours { get; init; }

    /// <summary>Prompt and completion tokens of the agent; when reached the fallback strategy decides the remaining steps. Null: no limit.</summary>
    public long? LlmTokens { get; init; }
}
