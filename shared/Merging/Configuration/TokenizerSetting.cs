namespace LamdAgent.Merging.Configuration;

/// <summary>How the output's vocabulary is made and the models' embeddings are brought to it.</summary>
public sealed record TokenizerSetting
{
    /// <summary><c>union</c>, <c>base</c>, or a model as written.</summary>
    public string Source { get; init; } = "union";

    /// <summary>Tokens with an embedding of their own choosing, by token.</summary>
    public IReadOnlyDictionary<string, TokenSetting> Tokens { get; init; } = new SortedDictionary<string, TokenSetting>(StringComparer.Ordinal);

    /// <summary>The embedding's rows are filled up to a multiple of this; null to leave them.</summary>
    public int? PadToMultipleOf { get; init; }
}
