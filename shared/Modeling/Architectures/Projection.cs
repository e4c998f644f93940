using static TorchSharp.torch;

namespace LamdAgent.Modeling.Architectures;

/// <summary>A linear map, possibly several of the checkpoint's modules side by side in one product: x W^T + b, or x W + b where matrices lie as [in, out].</summary>
internal sealed class Projection
{
    private readonly int weight;
    private readonly int? bias;

    /// <param name="layout">Where the weights are declared.</param>
    /// <param name="modules">Full names and output widths of the modules, in their order side by side.</param>
    /// <param name="inputs">Input width.</param>
    /// <param name="hasBias">Whether every module has a bias.</param>
    /// <param name="inputMajor">Whether matrices lie as [in, out]; then there is one module.</param>
    /// <param name="kind">What the matrix is.</param>
    public Projection(ParameterLayout layout, IReadOnlyList<(string Name, int Outputs)> modules, int inputs, bool hasBias, bool inputMajor, ParameterKind kind)
    {
        Modules = [.. modules.Select(m => m.Name)];
        Outputs = [.. modules.Select(m => (long)m.Outputs)];
        Inputs = inputs;
        InputMajor = inputMajor;
        var total = Outputs.Sum();
        weight = layout.Add(
            [.. modules.Select(m => ($"{m.Name}.weight", inputMajor ? new long[] { inputs, m.Outputs } : [m.Outputs, inputs]))],
            kind,
            inputMajor ? [inputs, total] : [total, inputs]);
        bias = hasBias ? layout.Add([.. modules.Select(m => ($"{m.Name}.bias", new long[] { m.Outputs }))], ParameterKind.Bias, [total]) : null;
    }

    /// <summary>Names of the modules.</summary>
    public string[] Modules { get; }

    /// <summary>Output width of each module.</summary>
    public long[] Outputs { get; }

    /// <summary>Input width.</summary>
    public int Inputs { get; }

    /// <summary>Whether matrices lie as [in, out].</summary>
    public bool InputMajor { get; }

    /// <summary>Whether a bias is added.</summary>
    public bool HasBias => bias is not null;

    // (N, in) -> (N, sum of outputs)
    public Tensor Forward(Tensor x, ForwardPass pass)
    {
        var w = pass.Weights[weight];
        var b = bias is { } slot ? pass.Weights[slot] : null;
        var y = !InputMajor ? nn.functional.linear(x, w, b) : b is null ? x.mm(w) : addmm(b, x, w, 1, 1);
        return pass.Adapters is { } adapters ? adapters.Adapt(this, x, y, pass) : y;
    }

    /// <summary>The matrix of this pass, [outputs, inputs] or [inputs, outputs].</summary>
    public Tensor Weight(ForwardPass pass) => pass.Weights[weight];
}
