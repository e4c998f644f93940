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
        var other = tensor.Others[0];
        tensor.Produce((block, result) =>
        {
            var baseValues = block.Load(tensor.Base);
            var values = block.Load(other);
            var share = block.Scratch();
            TensorPrimitives.Subtract(baseValues, values, share);
            TensorPrimitives.Abs<T>(share, share);
            TensorPrimitives.Max(share, T.CreateTruncating(1e-6), share);
            TensorPrimitives.Divide(t, share, share);
            TensorPrimitives.Max(share, T.Zero, share);
            TensorPrimitives.Min(share, T.One, share);
            TensorPrimitives.Multiply(share, values, values);
            TensorPrimitives.Subtract(T.One, share, share);
            TensorPrimitives.Multiply(share, baseValues, baseValues);
            TensorPrimitives.Add(values, baseValues, result);
            tensor.Rounding.Apply(result);
        });
    }
}
