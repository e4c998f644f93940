namespace LamdAgent.Contracts;

/// <summary>Expected failure: the search cannot be driven as it stands.</summary>
public sealed record SearchRejected
{
    /// <summary>The search.</summary>
    public required string SearchId { get; init; }

    /// <summary>One line: what is wrong.</summary>
    public required string Reason { get; init; }
}
