using System.Numerics;
using System.Numerics.Tensors;
using LamdAgent.Checkpoints;
using LamdAgent.Merging.Engine;

namespace LamdAgent.Merging.Methods;

/// <summary>
/// Adds to the base what exactly one model changed by more than epsilon in full, and what several changed as their mean: Reinforced Agent Merging, arXiv
/// 2601.13572. With <c>ramplus_tl</c> unique changes are amplified by <c>1 + r clip(rho, 0, alpha)</c>, rho being how many of the model's
/// changes are shared for each that is unique.
/// </summary>
internal sealed class RamMerge(bool plus) : MergeMethod
{
    public override string Name => plus ? "ramplus_tl" : "ram";

    public override string Summary => plus ? "ram with unique changes amplified" : "unique changes in full, shared ones averaged";

    public override string Reference => "Reinforced Agent Merging, arXiv 2601.13572";

    public override BaseModelUse Base => BaseModelUse.Required;

    public override bool UsesTaskVectors => true;

    public override IReadOnlyList<MergeParameter> Parameters { get; } =
        plus
            ? [Epsilon, Number("r", false, 0.1, 0, 1, [0.1, 0.3], "strength of the amplification"), Number("alpha", false, 0.2, 0, 1, [], "bound of the ratio")]
            : [Epsilon];

    // Amplified changes are float32 numbers in the reference, and so is then the sum.
    internal override (DType Arithmetic, DType Result) Types(IReadOnlyList<DType> operands, int baseOperand)
    {
        var type = base.Types(operands, baseOperand).Arithmetic;
        return (type, plus && type is DType.BF16 or DType.F16 ? DType.F32 : type);
    }

    private static MergeParameter Epsilon => Number("epsilon", false, 1e-5, 0, 1, [1e-5, 1e-4], "largest change that counts as none");

    internal override void Merge<T>(TensorMerge<T> tensor)
    {
        var others = tensor.Others;
        var rounding = tensor.Rounding;
        var epsilon = T.CreateTruncating(rounding.Apply(tensor.Parameter("epsilon")));
        var boost = plus ? Amplifications(tensor, epsilon) : [.. others.Select(_ => T.One)];
        tensor.Produce((block, result) =>
        {
            var baseValues = block.Load(tensor.Base);
            var deltas = new Memory<T>[others.Length];
            var changed = CountChanged(tensor, block, baseValues, epsilon, deltas);
            result.Clear();
            var share = block.Scratch();
            for (var i = 0; i < others.Length; i++)
            {
                var delta = deltas[i].Span;
                rounding.Divide<T>(delta, changed, share);
                for (var at = 0; at < delta.Length; at++)
                {
                    if (T.Abs(delta[at]) > epsilon)
                    {
                        result[at] += changed[at] == T.One ? boost[i] * delta[at] : share[at];
                    }
                }
            }

            if (plus)
            {
                TensorPrimitives.Add(baseValues, result, result);
                return;
            }

            rounding.Apply(result);
            rounding.Add(baseValues, result, result);
        });
    }

    private static T[] Amplifications<T>(TensorMerge<T> tensor, T epsilon)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var others = tensor.Others;
        var shared = new long[others.Length];
        var unique = new long[others.Length];
        tensor.ForEachBlock(block =>
        {
            var deltas = new Memory<T>[others.Length];
            var changed = CountChanged(tensor, block, block.Load(tensor.Base), epsilon, deltas);
            for (var i = 0; i < others.Length; i++)
            {
                var delta = deltas[i].Span;
                var (both, one) = (0L, 0L);
                for (var at = 0; at < delta.Length; at++)
                {
                    if (T.Abs(delta[at]) > epsilon)
                    {
                        if (changed[at] == T.One)
                        {
                            one++;
                        }
                        else
                        {
                            both++;
                        }
                    }
                }

                Interlocked.Add(ref shared[i], both);
                Interlocked.Add(ref unique[i], one);
            }
        });
        var (r, alpha, least) = (tensor.Parameter("r"), tensor.Parameter("alpha"), tensor.Parameter("epsilon"));
        return [.. others.Select((_, i) => T.CreateTruncating(1 + (r * Math.Clamp(shared[i] / Math.Max(unique[i], least), 0, alpha))))];
    }

    // How many models changed each element; their differences to the base go into the array.
    private static Span<T> CountChanged<T>(TensorMerge<T> tensor, Block<T> block, ReadOnlySpan<T> baseValues, T epsilon, Memory<T>[] deltas)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var changed = block.Scratch();
        changed.Clear();
        for (var i = 0; i < deltas.Length; i++)
        {
            deltas[i] = block.LoadMemory(tensor.Others[i]);
            var delta = deltas[i].Span;
            TensorPrimitives.Subtract(delta, baseValues, delta);
            tensor.DeltaRounding(tensor.Others[i]).Apply(delta);
            for (var at = 0; at < delta.Length; at++)
            {
                changed[at] += T.Abs(delta[at]) > epsilon ? T.One : T.Zero;
            }
        }

        return changed;
    }
}
