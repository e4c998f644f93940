namespace LamdAgent.Modeling.Architectures;

/// <summary>Numbers of one attention layer.</summary>
/// <param name="Layer">Index of the layer.</param>
/// <param name="Heads">Query heads.</param>
/// <param name="KeyValueHeads">Key and value heads.</param>
/// <param name="HeadDim">Width of a head.</param>
/// <param name="Scale">Factor on the scores.</param>
/// <param name="Softcap">Cap of the scores, or null.</param>
/// <param name="Window">Tokens seen, itself included, or null for all before it.</param>
internal sealed record AttentionSettings(int Layer, int Heads, int KeyValueHeads, int HeadDim, double Scale, double? Softcap, int? Window);
