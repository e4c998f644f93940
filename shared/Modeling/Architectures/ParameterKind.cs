namespace LamdAgent.Modeling.Architectures;

/// <summary>What a parameter is, for those who treat kinds differently (weight decay, initialization).</summary>
public enum ParameterKind
{
    /// <summary>A matrix of a projection, or the output layer.</summary>
    Projection,

    /// <summary>A projection that writes into the residual stream; GPT-2 starts these smaller.</summary>
    ResidualProjection,

    /// <summary>A token or position embedding.</summary>
    Embedding,

    /// <summary>Weight of a norm.</summary>
    Norm,

    /// <summary>A bias, of a projection or a norm.</summary>
    Bias,

    /// <summary>A matrix of a low-rank adapter.</summary>
    Adapter,

    /// <summary>DoRA's magnitudes.</summary>
    Magnitude,
}
