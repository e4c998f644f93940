using System.Numerics.Tensors;
using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Planning;

namespace LamdAgent.Merging.Methods;

/// <summary>Takes one model's tensor as it is, or scaled: for stacking layers of several models ("frankenmerges").</summary>
internal sealed class PassthroughMerge : MergeMethod
{
    /// <summary>Copies what a method with nothing to merge finds: one model's tensor.</summary>
    public static PassthroughMerge Unscaled { get; } = new();

    /// <summary>The parameters of a copy.</summary>
    public static IReadOnlyDictionary<string, double> NoScale { get; } = new Dictionary<string, double>(StringComparer.Ordinal) { ["scale"] = double.NaN };

    public override string Name => "passthrough";

    public override string Summary => "takes one model's layers as they are, or scaled";

    public override string Reference => "mergekit (no paper)";

    public override int MaxModels => 1;

    public override bool IsSearchable => false;

    public override IReadOnlyList<MergeParameter> Parameters { get; } =
    [
        Number("scale", true, double.NaN, -10, 10, [], "factor; none copies"),
    ];

    internal override int CopiedOperand(TensorPlan plan) => double.IsNaN(plan.Operands[0].Parameters["scale"]) ? 0 : -1;

    internal override void Merge<T>(TensorMerge<T> tensor)
    {
        var scale = tensor.Parameter(0, "scale");
        tensor.Produce((block, result) =>
        {
            TensorPrimitives.Multiply(block.Load(0), T.CreateTruncating(double.IsNaN(scale) ? 1 : scale), result);
            tensor.Rounding.Apply(result);
        });
    }
}
