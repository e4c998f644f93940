namespace LamdAgent.Merging.Configuration;

/// <summary>A stretch of the output's layers: equally many layers of each source, merged one by one.</summary>
public sealed record MergeSlice
{
    /// <summary>What is merged.</summary>
    public required IReadOnlyList<MergeSource> Sources { get; init; }

    /// <summary>Its own base; null: that of the configuration.</summary>
    public ModelReference? BaseModel { get; init; }

    /// <summary>Parameters of the slice.</summary>
    public ParameterSet Parameters { get; init; } = new();
}
