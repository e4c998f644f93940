using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using LamdAgent.Checkpoints;
using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Numerics;

namespace LamdAgent.Merging.Methods;

/// <summary>
/// Takes over the other model's most important changes: importance is <c>|x - b|</c> times the divergence of the rows' softmaxes, and what lies above
/// <c>Q(.5) + 1.5 (Q(.75) - Q(.25))</c> of the tensor's importances is taken. Arcee's, no paper. Quantiles are exact here; the reference samples tensors of more
/// than a million elements.
/// </summary>
internal sealed class ArceeFusionMerge : MergeMethod
{
    private const float Epsilon = 1e-8f;

    public override string Name => "arcee_fusion";

    public override string Summary => "takes over the other model's most important changes";

    public override string Reference => "Arcee Fusion in mergekit (no paper)";

    public override BaseModelUse Base => BaseModelUse.Required;

    public override int MinModels => 2;

    public override int MaxModels => 2;

    public override bool CountsBase => true;

    internal override bool CopiesLoneModel => true;

    public override VocabularyRule Vocabulary => VocabularyRule.CutToSmallest;

    // The mask is float32 in the reference, and so is what it is multiplied with.
    internal override (DType Arithmetic, DType Result) Types(IReadOnlyList<DType> operands, int baseOperand)
    {
        var type = base.Types(operands, baseOperand).Arithmetic;
        return (type, type is DType.BF16 or DType.F16 ? DType.F32 : type);
    }

    internal override void Merge<T>(TensorMerge<T> tensor)
    {
        var other = tensor.Others[0];
        var divergence = Divergences(tensor, other);
        var n = tensor.Length;
        long[] ranks = [Rank(0.25f, n), Rank(0.5f, n), Rank(0.75f, n)];
        var quartiles = RankSelection.Find<T>(tensor, block => Keys(tensor, block, other, divergence), ranks, wholeRows: true);
        var (q1, q2, q3) = (Value(quartiles[0].Key), Value(quartiles[1].Key), Value(quartiles[2].Key));
        var rounding = tensor.Rounding;
        var threshold = rounding.Apply(q2 + (float)rounding.Apply(1.5f * (float)rounding.Apply(q3 - q1)));
        tensor.Produce(
            (block, result) =>
            {
                var baseValues = block.Load(tensor.Base);
                var delta = block.LoadDelta(other, baseValues);
                var keys = Keys(tensor, block, other, divergence);
                for (var i = 0; i < delta.Length; i++)
                {
                    result[i] = Value(keys[i]) >= threshold ? baseValues[i] + delta[i] : baseValues[i];
                }
            },
            wholeRows: true);
    }

    private static long Rank(float quantile, long n) => (long)(quantile * (n - 1));

    // K = sum p ln(p/o) over each row, with p and o the softmaxes of the model and the base.
    private static float[] Divergences<T>(TensorMerge<T> tensor, int other)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var columns = (int)Math.Max(1, tensor.Columns);
        // Softmaxes are float32 in float64 arithmetic too, so there is nothing to round to then.
        var rounding = tensor.Rounding;
        // In mixed types each softmax is one of its own tensor's type.
        var (ofOther, ofBase) = (new Rounding(tensor.TypeOf(other)), new Rounding(tensor.TypeOf(tensor.Base)));
        var divergences = new float[tensor.Length / columns];
        tensor.ForEachBlock(
            block =>
            {
                var x = block.Load(other);
                var b = block.Load(tensor.Base);
                var p = new float[columns];
                var o = new float[columns];
                for (var at = 0; at < x.Length; at += columns)
                {
                    Softmax<T>(x.Slice(at, columns), p, ofOther);
                    Softmax<T>(b.Slice(at, columns), o, ofBase);
                    rounding.Divide<float>(p, o, o);
                    TensorPrimitives.Log<float>(o, o);
                    rounding.Apply<float>(o);
                    rounding.Multiply<float>(p, o, o);
                    var sum = 0.0;
                    foreach (var term in o)
                    {
                        sum += term;
                    }

                    divergences[(block.Start + at) / columns] = (float)rounding.Apply(sum);
                }
            },
            wholeRows: true);
        return divergences;
    }

    private static void Softmax<T>(ReadOnlySpan<T> values, Span<float> result, Rounding rounding)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        TensorPrimitives.ConvertTruncating(values, result);
        var largest = TensorPrimitives.Max<float>(result);
        var sum = 0.0;
        for (var i = 0; i < result.Length; i++)
        {
            result[i] = MathF.Exp(result[i] - largest);
            sum += result[i];
        }

        rounding.Divide(result, (float)sum, result);
        TensorPrimitives.Add(result, Epsilon, result);
        rounding.Apply(result);
    }

    // Importances can be negative; flipping the bits of negative floats and the sign of the others makes unsigned keys in their order.
    private static ReadOnlySpan<uint> Keys<T>(TensorMerge<T> tensor, Block<T> block, int other, float[] divergence)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var columns = Math.Max(1, tensor.Columns);
        var delta = block.LoadDelta(other, block.Load(tensor.Base));
        var keys = MemoryMarshal.Cast<T, uint>(block.Scratch())[..delta.Length];
        for (var i = 0; i < keys.Length; i++)
        {
            var importance = (float)tensor.Rounding.Apply(float.CreateTruncating(T.Abs(delta[i])) * divergence[(block.Start + i) / columns]);
            var bits = BitConverter.SingleToUInt32Bits(importance);
            keys[i] = (bits & 0x80000000) != 0 ? ~bits : bits | 0x80000000;
        }

        return keys;
    }

    private static float Value(uint key) => BitConverter.UInt32BitsToSingle((key & 0x80000000) != 0 ? key & 0x7FFFFFFF : ~key);
}
