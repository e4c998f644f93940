namespace LamdAgent.Tokenization.PreTokenizers;

/// <summary>Where Metaspace puts a "▁" in front.</summary>
internal enum PrependScheme
{
    /// <summary>On every piece.</summary>
    Always,

    /// <summary>On the piece at the very start of the text.</summary>
    First,

    /// <summary>Nowhere.</summary>
    Never,
}
