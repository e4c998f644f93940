using LamdAgent.Modeling.Kernels;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Architectures;

/// <summary>
/// Normalization over the last dimension, in float32 whatever the compute dtype: squares of bfloat16 lose too much. RMSNorm (arXiv 1910.07467), Gemma's
/// form of it, or LayerNorm (arXiv 1607.06450).
/// </summary>
internal sealed class Norm
{
    private readonly NormKind kind;
    private readonly double epsilon;
    private readonly int width;
    private readonly int weight;
    private readonly int bias;

    public Norm(ParameterLayout layout, string module, NormKind kind, int width, double epsilon)
    {
        this.kind = kind;
        this.epsilon = epsilon;
        this.width = width;
        weight = layout.Add($"{module}.weight", ParameterKind.Norm, width);
        bias = kind == NormKind.Layer ? layout.Add($"{module}.bias", ParameterKind.Bias, width) : -1;
    }

    // (..., width) -> the same shape
    public Tensor Forward(Tensor x, ForwardPass pass)
    {
        var w = pass.Weights[weight];
        if (kind == NormKind.Layer)
        {
            return nn.functional.layer_norm(x, [width], w, pass.Weights[bias], epsilon);
        }

        if (pass.Fused && Rows.Serve(x) && w.dtype == x.dtype)
        {
            return FusedRmsNorm.Run(x, w, epsilon, kind == NormKind.RmsPlusOne ? 1 : 0);
        }

        var wide = x.to(ScalarType.Float32);
        var normal = wide * rsqrt(wide.square().mean([-1], keepdim: true) + epsilon);
        var scale = w.to(ScalarType.Float32);
        return (normal * (kind == NormKind.RmsPlusOne ? scale + 1 : scale)).to(x.dtype);
    }
}
