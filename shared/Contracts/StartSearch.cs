namespace LamdAgent.Contracts;

/// <summary>Command to a planner: drive a search that stands in the store.</summary>
public sealed record StartSearch
{
    /// <summary>The search.</summary>
    public required string SearchId { get; init; }
}
