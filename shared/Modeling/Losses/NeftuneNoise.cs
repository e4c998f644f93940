using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Losses;

/// <summary>NEFTune (arXiv 2310.05914): uniform noise on the embeddings in training, within plus and minus alpha / sqrt(L d).</summary>
public static class NeftuneNoise
{
    /// <summary>Largest size of the noise.</summary>
    /// <param name="alpha">Recipe's <c>neftune_noise_alpha</c>; 5 to 15 in the paper.</param>
    /// <param name="length">Padded length L of the batch (padding-free batches: the longest row, which is what a padded batch would have).</param>
    /// <param name="dimension">Embedding size d.</param>
    public static double Bound(double alpha, long length, long dimension) => alpha / Math.Sqrt((double)length * dimension);

    /// <summary>Embeddings with noise.</summary>
    /// <param name="embeddings"><c>[..., d]</c>.</param>
    /// <param name="unitNoise">Draws from (-1, 1), same shape.</param>
    /// <param name="bound">See <see cref="Bound"/>.</param>
    public static Tensor Add(Tensor embeddings, Tensor unitNoise, double bound) => embeddings + (unitNoise * bound);
}
