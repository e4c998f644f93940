using System.Numerics.Tensors;
using LamdAgent.Merging.Engine;

namespace LamdAgent.Merging.Methods;

/// <summary>
/// Takes the other model's value where it is near the base's, and the less of it the farther it is: <c>g = clip(t / max(|b-x|, 1e-6), 0, 1)</c>,
/// <c>y = g x + (1-g) b</c>. From the model card of alchemonaut/QuartetAnemoi-70B-t0.0001.
/// </summary>
internal sealed class NearSwapMerge : MergeMethod
{
    public override string Name => "nearswap";

    public override string Summary => "takes the other model's values where they are near the base's";

    public override string Reference => "model card of alchemonaut/QuartetAnemoi-70B-t0.0001 (no paper)";

    public override BaseModelUse Base => BaseModelUse.Required;

    public override int MaxModels => 1;

    public override IReadOnlyList<MergeParameter> Parameters { get; } =
    [
        Number("t", false, null, 0, 0.1, [0.0001, 0.001, 0.01], "distance up to which a value is taken whole"),
    ];

    internal override void Merge<T>(TensorMerge<T> tensor)
    {
        var t = T.CreateTruncating(tensor.Parameter("t"));
        var rounding = tensor.Rounding;
        var smallest = T.CreateTruncating(rounding.Apply(1e-6));
        var other = tensor.Others[0];
        tensor.Produce((block, result) =>
        {
            var baseValues = block.Load(tensor.Base);
            var values = block.Load(other);
            var share = block.Scratch();
            rounding.Subtract(baseValues, values, share);
            TensorPrimitives.Abs<T>(share, share);
            TensorPrimitives.Max(share, smallest, share);
            // A number over a tensor is its reciprocal times the number, as torch does it.
            TensorPrimitives.Reciprocal<T>(share, share);
            rounding.Apply(share);
            rounding.Multiply(share, t, share);
            TensorPrimitives.Max(share, T.Zero, share);
            TensorPrimitives.Min(share, T.One, share);
            rounding.Multiply(share, values, values);
            TensorPrimitives.Subtract(T.One, share, share);
            rounding.Apply(share);
            rounding.Multiply(share, baseValues, baseValues);
            rounding.Add(values, baseValues, result);
        });
    }
}
