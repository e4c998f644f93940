using LamdAgent.Checkpoints;

namespace LamdAgent.Modeling.Adapters;

/// <summary>Shape of low-rank adapters (Hu et al., 2021, arXiv 2106.09685); names and meanings of PEFT's <c>LoraConfig</c>.</summary>
public sealed record LoraConfiguration
{
    /// <summary>Every linear module of the layers.</summary>
    public const string AllLinear = "all-linear";

    /// <summary>Rank, <c>r</c>.</summary>
    public required int Rank { get; init; }

    /// <summary>Scale numerator, <c>lora_alpha</c>.</summary>
    public required double Alpha { get; init; }

    /// <summary>Share of the adapter's inputs set to 0 in training, <c>lora_dropout</c>. Default 0.</summary>
    public double Dropout { get; init; }

    /// <summary>Last parts of the names of the modules to adapt (<c>q_proj</c>), one regular expression over whole names, or <see cref="AllLinear"/>.</summary>
    public required IReadOnlyList<string> TargetModules { get; init; }

    /// <summary>Modules left out, named as <see cref="TargetModules"/>.</summary>
    public IReadOnlyList<string> ExcludeModules { get; init; } = [];

    /// <summary>The only layers that are adapted; empty: all. Modules whose whole name is a target are adapted in any layer.</summary>
    public IReadOnlyList<int> LayersToTransform { get; init; } = [];

    /// <summary>Words before the number of a layer in names (<c>layers</c>); empty: any word.</summary>
    public IReadOnlyList<string> LayersPattern { get; init; } = [];

    /// <summary>Scale alpha / sqrt(r) instead of alpha / r (Kalajdzievski, 2023, arXiv 2312.03732). Default false.</summary>
    public bool UseRslora { get; init; }

    /// <summary>Weight-decomposed: direction by LoRA, magnitude by a vector of its own (Liu et al., 2024, arXiv 2402.09353). Default false.</summary>
    public bool UseDora { get; init; }

    /// <summary>Ranks of modules whose names end in the key, a regular expression, where they differ.</summary>
    public IReadOnlyDictionary<string, int> RankPattern { get; init; } = new Dictionary<string, int>(StringComparer.Ordinal);

    /// <summary>Alphas of modules whose names end in the key, a regular expression, where they differ.</summary>
    public IReadOnlyDictionary<string, double> AlphaPattern { get; init; } = new Dictionary<string, double>(StringComparer.Ordinal);

    internal int RankOf(string module) => AdapterNames.Lookup(RankPattern, module) ?? Rank;

    internal double ScaleOf(string module)
    {
        var alpha = AdapterNames.Lookup(AlphaPattern, module) ?? Alpha;
        var rank = RankOf(module);
        return UseRslora ? alpha / Math.Sqrt(rank) : alpha / rank;
    }

    // PEFT's order: what is excluded, what is named whole, and only then the layers.
    internal bool Targets(string module)
    {
        if (ExcludeModules.Count > 0 && AdapterNames.Means(ExcludeModules, module))
        {
            return false;
        }

        return AdapterNames.IsExpression(TargetModules)
            ? AdapterNames.Means(TargetModules, module)
            : TargetModules.Contains(module) || ((TargetModules.Contains(AllLinear) || AdapterNames.Means(TargetModules, module)) && InLayers(module));
    }

    private bool InLayers(string module) =>
        LayersToTransform.Count == 0 || (AdapterNames.LayerOf(module, LayersPattern) is { } layer && LayersToTransform.Contains(layer));
}
