namespace LamdAgent.Domain.Specs;

/// <summary>A training dataset.</summary>
public sealed record DatasetSource
{
    /// <summary>Its id; shown to the agent.</summary>
    public required string Id { get; init; }

    /// <summary>Absolute path of a JSONL file (<c>.jsonl</c> or <c>.jsonl.gz</c>).</summary>
    public required string Path { get; init; }

    /// <summary>Row format (<see cref="DatasetFormats"/>).</summary>
    public required string Format { get; init; }

    /// <summary>What the spec's author says about it, shown to the agent; may be empty. Rows are never shown.</summary>
    public string Description { get; init; } = "";

    /// <summary>Line in the spec.</summary>
    public int Line { get; init; }
}
