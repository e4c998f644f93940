namespace LamdAgent.Contracts;

/// <summary>A planner drives the search.</summary>
public sealed record SearchStarted
{
    /// <summary>The search.</summary>
    public required string SearchId { get; init; }
}
