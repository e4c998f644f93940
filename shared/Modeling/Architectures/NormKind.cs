namespace LamdAgent.Modeling.Architectures;

/// <summary>What a norm computes.</summary>
public enum NormKind
{
    /// <summary>x / rms(x) * weight (Zhang and Sennrich, 2019).</summary>
    Rms,

    /// <summary>x / rms(x) * (1 + weight): Gemma.</summary>
    RmsPlusOne,

    /// <summary>(x - mean) / deviation * weight + bias: GPT-2.</summary>
    Layer,
}
