namespace LamdAgent.Modeling.Losses;

/// <summary>Parameters of PPO (arXiv 1707.06347) with TRL's defaults.</summary>
public sealed record PpoSettings
{
    /// <summary>Weight of the divergence in the token rewards. Default 0.05.</summary>
    public double KlCoef { get; init; } = 0.05;

    /// <summary><c>k1</c> (default) or <c>k3</c>.</summary>
    public string KlEstimator { get; init; } = "k1";

    /// <summary>Clip of the policy ratio. Default 0.2.</summary>
    public double Cliprange { get; init; } = 0.2;

    /// <summary>Weight of the value loss. Default 0.1.</summary>
    public double VfCoef { get; init; } = 0.1;

    /// <summary>Clip of the value change. Default 0.2.</summary>
    public double CliprangeValue { get; init; } = 0.2;

    /// <summary>Discount. Default 1.</summary>
    public double Gamma { get; init; } = 1;

    /// <summary>Lambda of the generalised advantage estimate. Default 0.95.</summary>
    public double Lam { get; init; } = 0.95;

    /// <summary>Whether token rewards are whitened. Default false.</summary>
    public bool WhitenRewards { get; init; }
}
