namespace LamdAgent.Merging.Configuration;

/// <summary>How the output's vocabulary is made and the models' embeddings are brought to it.</summary>
public sealed record TokenizerSetting
{
    /// <summary><c>union</c>, <c>base</c>, or a model as written, which need not be one of those that are merged.</summary>
    public string Source { get; init; } = "union";

    /// <summary>Tokens with an embedding of their own choosing, by token.</summary>
    public IReadOnlyDictionary<string, TokenSetting> Tokens { get; init; } = new OrderedDictionary<string, TokenSetting>(StringComparer.Ordinal);

    /// <summary>The embedding's rows are filled up to a multiple of this; null to leave them.</summary>
    public int? PadToMultipleOf { get; init; }

    /// <summary>The model that <see cref="Source"/> names, or null.</summary>
    internal ModelReference? SourceModel => Source is "union" or "base" ? null : ModelReference.Parse(Source.StartsWith("model:", StringComparison.Ordinal) ? Source["model:".Length..] : Source);
}
