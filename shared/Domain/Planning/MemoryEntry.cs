namespace LamdAgent.Domain.Planning;

/// <summary>The agent's memory before a step was planned; natural key: search and step.</summary>
public sealed record MemoryEntry
{
    /// <summary>The search.</summary>
    public required string SearchId { get; init; }

    /// <summary>The step that was planned with it.</summary>
    public required string StepId { get; init; }

    /// <summary>The text.</summary>
    public required string Text { get; init; }

    /// <summary>How many search steps' results it is made from: steps 1 to this number.</summary>
    public required int SeenSteps { get; init; }

    /// <summary>When it was written.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}
