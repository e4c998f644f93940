namespace LamdAgent.Planner.Estimates;

/// <summary>What a search would take, before anything is run. Times and tokens are rough; sizes are sound upper bounds.</summary>
public sealed record SearchEstimate
{
    /// <summary>The action space by type.</summary>
    public required IReadOnlyList<ActionTypeEstimate> Actions { get; init; }

    /// <summary>Search steps of the budget.</summary>
    public required int Steps { get; init; }

    /// <summary>Parameters of the largest starting model.</summary>
    public required long ModelParameters { get; init; }

    /// <summary>Bytes of one model on disk.</summary>
    public required long ModelBytes { get; init; }

    /// <summary>Memory of the largest training: weights, gradients, optimizer, activations.</summary>
    public required long TrainingMemoryBytes { get; init; }

    /// <summary>Memory that there is; null: unknown.</summary>
    public required long? MemoryAvailableBytes { get; init; }

    /// <summary>Disk for all models that the search can make.</summary>
    public required long DiskBytes { get; init; }

    /// <summary>Disk that there is; null: unknown.</summary>
    public required long? DiskFreeBytes { get; init; }

    /// <summary>Tokens that trainings read if every step is a training of average size, the reference included.</summary>
    public required long TrainingTokens { get; init; }

    /// <summary>Tokens that evaluations generate at most.</summary>
    public required long EvaluationTokens { get; init; }

    /// <summary>Seconds of training and evaluation one after the other.</summary>
    public required double Seconds { get; init; }

    /// <summary>Tokens of the agent; 0 without one.</summary>
    public required long LlmTokens { get; init; }

    /// <summary>What cannot fit, a sentence each; empty when the search can be run.</summary>
    public required IReadOnlyList<string> Problems { get; init; }
}
