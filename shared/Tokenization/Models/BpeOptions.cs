namespace LamdAgent.Tokenization.Models;

/// <summary>The settings of a BPE model, as <c>tokenizer.json</c> names them.</summary>
internal sealed record BpeOptions
{
    public string? UnknownToken { get; init; }

    public string ContinuingSubwordPrefix { get; init; } = "";

    public string EndOfWordSuffix { get; init; } = "";

    /// <summary>Unknown characters that follow each other become one unknown token.</summary>
    public bool FuseUnknown { get; init; }

    /// <summary>A character that is not in the vocabulary becomes its bytes <c>&lt;0xNN&gt;</c>.</summary>
    public bool ByteFallback { get; init; }

    /// <summary>A piece that is in the vocabulary as a whole is taken as it is.</summary>
    public bool IgnoreMerges { get; init; }
}
