namespace LamdAgent.Domain.Searches;

/// <summary>A search as the store knows it. The spec's text is kept as it was read, with what it pointed to at that time.</summary>
public sealed record SearchRecord
{
    /// <summary>Unique; safe as a file name (lower-case letters, digits, dashes).</summary>
    public required string Id { get; init; }

    /// <summary>The spec, word by word.</summary>
    public required string SpecYaml { get; init; }

    /// <summary>The spec's file name, for messages.</summary>
    public required string SpecFile { get; init; }

    /// <summary>The absolute folder that the spec's relative paths start from.</summary>
    public required string SpecFolder { get; init; }

    /// <summary>What the command line changed in the spec.</summary>
    public SearchOverrides Overrides { get; init; } = new();

    /// <summary>The datasets with their content digests when the search was made, in spec order.</summary>
    public required IReadOnlyList<DatasetInput> Datasets { get; init; }

    /// <summary>Higher is served first.</summary>
    public int Priority { get; init; }

    /// <summary>Whether it goes on.</summary>
    public SearchStatus Status { get; init; } = SearchStatus.Running;

    /// <summary>One line: why it ended or waits.</summary>
    public string? StatusReason { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it came to its end.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Seconds during which a planner drove it; the wall time that the budget limits.</summary>
    public double ActiveSeconds { get; init; }

    /// <summary>The planner that drives it; null when none does.</summary>
    public string? PlannerOwner { get; init; }

    /// <summary>Until when, unless renewed.</summary>
    public DateTimeOffset? PlannerUntil { get; init; }

    /// <summary>Grows with every change of the owner.</summary>
    public long PlannerToken { get; init; }
}
