namespace LamdAgent.Merging.Configuration;

/// <summary>Where the embedding of a token comes from.</summary>
public sealed record TokenSetting
{
    /// <summary>The model whose row is taken; null with <see cref="IsZero"/>, or when the usual rule holds.</summary>
    public ModelReference? Model { get; init; }

    /// <summary>The token of that model whose row is taken; the same token when null.</summary>
    public string? Token { get; init; }

    /// <summary>The id in that model whose row is taken; instead of <see cref="Token"/>.</summary>
    public int? TokenId { get; init; }

    /// <summary>A row of zeros.</summary>
    public bool IsZero { get; init; }

    /// <summary>Whether models that have the token take this row too.</summary>
    public bool Force { get; init; }
}
