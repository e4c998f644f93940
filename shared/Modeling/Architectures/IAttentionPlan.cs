using static TorchSharp.torch;

namespace LamdAgent.Modeling.Architectures;

/// <summary>Knows which tokens see which, and brings queries, keys and values into the shape in which attention is computed.</summary>
internal interface IAttentionPlan
{
    /// <summary>Makes what the layers will share, before the first of them.</summary>
    /// <param name="window">Window of the sliding layers; null: the masks of layers that need one without sliding.</param>
    /// <param name="dtype">What is computed in.</param>
    void Prepare(int? window, ScalarType dtype);

    /// <summary>Attention of one layer.</summary>
    /// <param name="queriesKeysValues">[N, H + 2 * KV, head dim]: rotated queries and keys, and values.</param>
    /// <param name="settings">The layer's settings.</param>
    /// <returns>[N, H * head dim].</returns>
    Tensor Attend(Tensor queriesKeysValues, AttentionSettings settings);
}
