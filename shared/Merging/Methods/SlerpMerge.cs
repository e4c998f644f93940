using System.Numerics;
using System.Numerics.Tensors;
using LamdAgent.Checkpoints;
using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Numerics;
using LamdAgent.Merging.Planning;

namespace LamdAgent.Merging.Methods;

/// <summary>
/// Spherical interpolation between the base a and another model c, each tensor as one vector: Shoemake 1985. The angle is taken between the normalised
/// vectors, the weights <c>sin((1-t)th)/sin(th)</c> and <c>sin(t th)/sin(th)</c> apply to the original ones; nearly parallel vectors
/// (cosine beyond 0.9995) are interpolated on a line. Always in float32, result in the base's type.
/// </summary>
internal sealed class SlerpMerge : MergeMethod
{
    private const double Parallel = 0.9995;
    private const double ZeroNorm = 1e-8;

    public override string Name => "slerp";

    public override string Summary => "spherical interpolation from the base to one other model";

    public override string Reference => "Shoemake, Animating rotation with quaternion curves, SIGGRAPH 1985";

    public override BaseModelUse Base => BaseModelUse.Required;

    public override int MinModels => 2;

    public override int MaxModels => 2;

    public override bool CountsBase => true;

    public override VocabularyRule Vocabulary => VocabularyRule.CutToSmallest;

    public override IReadOnlyList<MergeParameter> Parameters { get; } =
    [
        Number("t", false, null, 0, 1, [0.1, 0.3, 0.5, 0.7, 0.9], "0 is the base, 1 the other model"),
    ];

    internal override (DType Arithmetic, DType Result) Types(IReadOnlyList<DType> operands, int baseOperand) =>
        (operands[baseOperand] == DType.F64 ? DType.F64 : DType.F32, operands[baseOperand]);

    internal override bool CopiesLoneModel => true;

    internal override void Merge<T>(TensorMerge<T> tensor)
    {
        var other = tensor.Others[0];
        var gram = GramMatrix.Compute(tensor, [tensor.Base, other], relativeToBase: false);
        var (fromBase, fromOther) = Weights(Math.Sqrt(gram[0, 0]), Math.Sqrt(gram[1, 1]), gram[0, 1], tensor.Parameter("t"));
        tensor.Produce((block, result) =>
        {
            var a = block.Load(tensor.Base);
            var c = block.Load(other);
            TensorPrimitives.Multiply(a, T.CreateTruncating(fromBase), result);
            TensorPrimitives.Multiply(c, T.CreateTruncating(fromOther), c);
            TensorPrimitives.Add(result, c, result);
        });
    }

    /// <summary>Factors of the two vectors from their norms and inner product.</summary>
    internal static (double FromBase, double FromOther) Weights(double baseNorm, double otherNorm, double dot, double t)
    {
        var cosine = dot / (baseNorm > ZeroNorm ? baseNorm : 1) / (otherNorm > ZeroNorm ? otherNorm : 1);
        if (Math.Abs(cosine) > Parallel)
        {
            return (1 - t, t);
        }

        var angle = Math.Acos(cosine);
        return (Math.Sin(angle - (angle * t)) / Math.Sin(angle), Math.Sin(angle * t) / Math.Sin(angle));
    }
}
