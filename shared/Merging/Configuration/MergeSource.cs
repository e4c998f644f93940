namespace LamdAgent.Merging.Configuration;

/// <summary>A model of a configuration, or the layers of one in a slice.</summary>
public sealed record MergeSource
{
    /// <summary>The model.</summary>
    public required ModelReference Model { get; init; }

    /// <summary>Layers [from, to) in a slice; null in the <c>models</c> form, which takes all.</summary>
    public (int From, int To)? Layers { get; init; }

    /// <summary>Its own parameters.</summary>
    public ParameterSet Parameters { get; init; } = new();
}
