namespace LamdAgent.Contracts;

/// <summary>A search came to its end.</summary>
public sealed record SearchCompleted
{
    /// <summary>The search.</summary>
    public required string SearchId { get; init; }
}
