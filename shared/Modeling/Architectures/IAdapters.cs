using static TorchSharp.torch;

namespace LamdAgent.Modeling.Architectures;

/// <summary>Changes what projections compute, without touching their weights (low-rank adapters).</summary>
internal interface IAdapters
{
    /// <summary>The adapted output of a projection.</summary>
    /// <param name="projection">Which one.</param>
    /// <param name="input">[N, in].</param>
    /// <param name="output">[N, out], what the projection gave.</param>
    /// <param name="pass">The pass it belongs to.</param>
    Tensor Adapt(Projection projection, Tensor input, Tensor output, ForwardPass pass);
}
