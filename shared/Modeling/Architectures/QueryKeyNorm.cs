namespace LamdAgent.Modeling.Architectures;

/// <summary>Norms of queries and keys, before rotation.</summary>
public enum QueryKeyNorm
{
    /// <summary>None.</summary>
    None,

    /// <summary>Each head by itself, one weight of the head's width: Qwen3, Gemma 3.</summary>
    PerHead,

    /// <summary>The whole projection before it is split into heads: OLMo 2.</summary>
    WholeProjection,
}
