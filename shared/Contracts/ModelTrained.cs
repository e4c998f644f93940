namespace LamdAgent.Contracts;

/// <summary>A training ended; its model is in the artifact store.</summary>
public sealed record ModelTrained
{
    /// <summary>The search.</summary>
    public required string SearchId { get; init; }

    /// <summary>The step; what is to be done stands in the store.</summary>
    public required string StepId { get; init; }

    /// <summary>The model.</summary>
    public required string ModelId { get; init; }

    /// <summary>Digest of the whole model folder (SHA-256, hexadecimal).</summary>
    public required string Digest { get; init; }
}
