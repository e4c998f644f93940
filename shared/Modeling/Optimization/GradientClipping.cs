using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Optimization;

/// <summary>Global gradient norm and the factor that brings it below a limit, as <c>torch.nn.utils.clip_grad_norm_</c>.</summary>
public static class GradientClipping
{
    // PyTorch's own, which keeps the factor finite for a zero gradient.
    private const double Epsilon = 1e-6;

    /// <summary>Norm over a flat gradient.</summary>
    /// <param name="gradient">All gradients, one after the other.</param>
    /// <param name="normType">2 (default), 1 or infinity.</param>
    public static double Norm(Tensor gradient, double normType = 2)
    {
        if (gradient.device_type == DeviceType.CPU && gradient.dtype == ScalarType.Float32)
        {
            return FlatVectors.Norm(gradient, normType);
        }

        using var scope = NewDisposeScope();
        return (double.IsPositiveInfinity(normType) ? gradient.abs().max() : gradient.to(ScalarType.Float64).norm((float)normType)).ToDouble();
    }

    /// <summary>What every gradient is multiplied by: <c>min(1, max / (norm + 1e-6))</c>; 1 when clipping is off.</summary>
    /// <param name="norm">See <see cref="Norm"/>.</param>
    /// <param name="maxNorm">The limit; 0 switches clipping off.</param>
    public static double Factor(double norm, double maxNorm) => maxNorm <= 0 ? 1 : Math.Min(1, maxNorm / (norm + Epsilon));
}
