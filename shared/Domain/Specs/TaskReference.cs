namespace LamdAgent.Domain.Specs;

/// <summary>A target task and what its score counts for.</summary>
public sealed record TaskReference
{
    /// <summary>Its id in this search.</summary>
    public required string Id { get; init; }

    /// <summary>Absolute path of the task file.</summary>
    public required string Path { get; init; }

    /// <summary>Share in the aggregate score; default 1.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Brings the score to the range of the others (MT-Bench, 0 to 10: 0.1); default 1.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>The most that a model may lose against the base on this task (in the task's own units) and still be named best; null: no limit.</summary>
    public double? MaxRegression { get; init; }

    /// <summary>Line in the spec.</summary>
    public int Line { get; init; }
}
