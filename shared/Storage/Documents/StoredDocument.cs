namespace LamdAgent.Storage.Documents;

/// <summary>A record as a store keeps it: the record itself as JSON, and beside it what is looked up.</summary>
internal sealed record StoredDocument
{
    /// <summary>The natural key, unique in its collection.</summary>
    public required string Id { get; init; }

    /// <summary>The search it belongs to.</summary>
    public required string Search { get; init; }

    /// <summary>Documents of a search are listed in the ordinal order of this text.</summary>
    public required string Sort { get; init; }

    /// <summary>A word to filter by (status of a search, state of a step); empty where none is needed.</summary>
    public string Status { get; init; } = "";

    /// <summary>Whether something is still to be done about it.</summary>
    public bool Open { get; init; }

    /// <summary>Grows with each write; a replacement names the version it was made from.</summary>
    public long Version { get; init; } = 1;

    /// <summary>The record.</summary>
    public required string Body { get; init; }
}
