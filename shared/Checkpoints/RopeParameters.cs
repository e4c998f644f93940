namespace LamdAgent.Checkpoints;

/// <summary>Rotary position embedding of one kind of layer, whatever the spelling it came in.</summary>
public sealed record RopeParameters
{
    /// <summary>Base of the frequencies.</summary>
    public double Theta { get; init; } = 10000;

    /// <summary><c>default</c>, <c>linear</c>, <c>dynamic</c>, <c>llama3</c>, <c>yarn</c> or <c>longrope</c>.</summary>
    public string Type { get; init; } = "default";

    /// <summary>Factor of the scaling; null when the file names none (yarn and longrope then take how far the context was stretched).</summary>
    public double? Factor { get; init; }

    /// <summary>llama3: wavelengths above original/this are divided by the factor.</summary>
    public double? LowFrequencyFactor { get; init; }

    /// <summary>llama3: wavelengths below original/this stay.</summary>
    public double? HighFrequencyFactor { get; init; }

    /// <summary>Context length before scaling (llama3, yarn, longrope).</summary>
    public int? OriginalMaxPositionEmbeddings { get; init; }

    /// <summary>yarn, longrope: factor on cosine and sine.</summary>
    public double? AttentionFactor { get; init; }

    /// <summary>yarn: upper bound of the ramp; 32 when null.</summary>
    public double? BetaFast { get; init; }

    /// <summary>yarn: lower bound of the ramp; 1 when null.</summary>
    public double? BetaSlow { get; init; }

    /// <summary>yarn: with <see cref="MScaleAllDim"/>, weight of the factor's logarithm in the attention factor.</summary>
    public double? MScale { get; init; }

    /// <summary>yarn: the same in the denominator.</summary>
    public double? MScaleAllDim { get; init; }

    /// <summary>yarn: whether the ramp's bounds are rounded to whole dimensions.</summary>
    public bool Truncate { get; init; } = true;

    /// <summary>longrope: a factor for each frequency, short contexts.</summary>
    public IReadOnlyList<double>? ShortFactor { get; init; }

    /// <summary>longrope: a factor for each frequency, long contexts.</summary>
    public IReadOnlyList<double>? LongFactor { get; init; }

    /// <summary>Share of each head that is rotated.</summary>
    public double PartialRotaryFactor { get; init; } = 1;
}
