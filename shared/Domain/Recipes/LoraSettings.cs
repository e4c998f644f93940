using System.Text.Json.Serialization;
using LamdAgent.Domain.Configuration;

namespace LamdAgent.Domain.Recipes;

/// <summary>Low-rank adapters under the key <c>lora</c>; names and defaults of PEFT's <c>LoraConfig</c> except <see cref="Rank"/> (key <c>r</c>, 16 as in TRL's <c>ModelConfig</c>).</summary>
public sealed record LoraSettings
{
    /// <summary>Rank, key <c>r</c>. Default 16 (TRL <c>lora_r</c>).</summary>
    public int Rank { get; init; } = 16;

    /// <summary>Scale numerator, key <c>lora_alpha</c>: the update is multiplied by alpha / r (or alpha / sqrt(r)). Default 32 (TRL).</summary>
    public double Alpha { get; init; } = 32;

    /// <summary>Dropout on the adapter's input, key <c>lora_dropout</c>, 0 to below 1. Default 0.05 (TRL).</summary>
    public double Dropout { get; init; } = 0.05;

    /// <summary>Names of the linear modules to adapt (last parts of the name: <c>q_proj</c>), one regular expression over whole names, or the one word <c>all-linear</c>. Default all-linear (TRL's guide "LoRA without regret").</summary>
    public IReadOnlyList<string> TargetModules { get; init; } = ["all-linear"];

    /// <summary>Modules left out, named in the same ways, key <c>exclude_modules</c>. Default none.</summary>
    public IReadOnlyList<string> ExcludeModules { get; init; } = [];

    /// <summary>Numbers of the only layers that are adapted, key <c>layers_to_transform</c>. Default: all.</summary>
    public IReadOnlyList<int> LayersToTransform { get; init; } = [];

    /// <summary>Other ranks for some modules, key <c>rank_pattern</c>: names' ends (regular expressions) and ranks. Default none.</summary>
    public IReadOnlyDictionary<string, int> RankPattern { get; init; } = new Dictionary<string, int>(StringComparer.Ordinal);

    /// <summary>Other alphas for some modules, key <c>alpha_pattern</c>. Default none.</summary>
    public IReadOnlyDictionary<string, double> AlphaPattern { get; init; } = new Dictionary<string, double>(StringComparer.Ordinal);

    /// <summary>Rank-stabilised scale alpha / sqrt(r). Default false.</summary>
    public bool UseRslora { get; init; }

    /// <summary>Weight-decomposed adapters (DoRA). Default false.</summary>
    public bool UseDora { get; init; }

    /// <summary>Whether the result is the base with the adapters merged in (true, default: every result is a whole model that can be merged and evaluated) or the adapters alone in PEFT's layout.</summary>
    public bool Merge { get; init; } = true;

    /// <summary>File and line of the recipe that name the targets, for what is found wrong once the model is there; null when no file does.</summary>
    [JsonIgnore]
    public (string File, int Line)? TargetsStandAt { get; init; }

    internal static LoraSettings Read(ConfigMapping m)
    {
        var defaults = new LoraSettings();
        var settings = new LoraSettings
        {
            Rank = m.Optional("r")?.AsInt(1, 4096) ?? defaults.Rank,
            Alpha = m.Optional("lora_alpha")?.AsDouble(0, 1e6) ?? defaults.Alpha,
            Dropout = m.Optional("lora_dropout")?.AsDouble(0, 0.999) ?? defaults.Dropout,
            TargetModules = RecipeReader.Words(m.Optional("target_modules")) ?? defaults.TargetModules,
            ExcludeModules = RecipeReader.Words(m.Optional("exclude_modules")) ?? [],
            LayersToTransform = m.Optional("layers_to_transform") switch
            {
                null => [],
                ConfigSequence numbers => [.. numbers.Select(n => n.AsInt(0, int.MaxValue))],
                var number => [number.AsInt(0, int.MaxValue)],
            },
            RankPattern = Pattern(m.Optional("rank_pattern"), n => n.AsInt(1, 4096)),
            AlphaPattern = Pattern(m.Optional("alpha_pattern"), n => n.AsDouble(0, 1e6)),
            UseRslora = m.Optional("use_rslora")?.AsBool() ?? false,
            UseDora = m.Optional("use_dora")?.AsBool() ?? false,
            Merge = m.Optional("merge")?.AsBool() ?? true,
            TargetsStandAt = m.File.Length == 0 ? null : (m.File, (m.Optional("target_modules") ?? m).Line),
        };
        m.RejectUnknownKeys();
        return settings;
    }

    // The first key that matches decides, so their order stays as written.
    private static Dictionary<string, T> Pattern<T>(ConfigNode? node, Func<ConfigNode, T> read) =>
        node?.AsMapping() is not { } m ? [] : m.Entries.ToDictionary(e => e.Key, e => read(m.Optional(e.Key)!), StringComparer.Ordinal);
}
