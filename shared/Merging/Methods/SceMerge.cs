using System.Numerics;
using System.Numerics.Tensors;
using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Methods.TaskVectors;
using LamdAgent.Merging.Numerics;

namespace LamdAgent.Merging.Methods;

/// <summary>
/// Select, calculate, erase: keeps the places where the task vectors differ most (variance over the models), weighs each model by the mean square of what
/// is left of it, and drops entries against the elected sign. Wan et al., FuseChat, arXiv 2408.07990.
/// </summary>
internal sealed class SceMerge : MergeMethod
{
    private const double LeastEnergy = 1e-6;

    public override string Name => "sce";

    public override string Summary => "keeps where task vectors differ most, weighs models by energy, elects signs";

    public override string Reference => "Wan et al., FuseChat, arXiv 2408.07990";

    public override BaseModelUse Base => BaseModelUse.Required;

    public override bool UsesTaskVectors => true;

    public override IReadOnlyList<MergeParameter> Parameters { get; } =
    [
        Number("select_topk", false, 1, 0, 1, [0.1, 0.5, 1.0], "share of the places that is kept"),
    ];

    internal override void Merge<T>(TensorMerge<T> tensor)
    {
        var others = tensor.Others;
        var keep = Select(tensor);
        var energies = Energies(tensor, keep);
        var total = tensor.Rounding.Apply(energies.Sum());
        var rounding = tensor.Rounding;
        var shares = energies.Select(e => T.CreateTruncating(rounding.Apply(total < LeastEnergy ? 1.0 / others.Length : e / total))).ToArray();
        tensor.Produce((block, result) =>
        {
            var baseValues = block.Load(tensor.Base);
            var deltas = Deltas(tensor, block, baseValues, keep);
            var elected = block.Scratch();
            elected.Clear();
            foreach (var delta in deltas)
            {
                TensorPrimitives.Add(elected, delta.Span, elected);
            }

            var divisor = block.Scratch();
            divisor.Clear();
            result.Clear();
            var share = block.Scratch();
            var weighted = block.Scratch();
            for (var i = 0; i < deltas.Length; i++)
            {
                // What agrees is told from the changes themselves: weighted ones may be rounded to nothing.
                share.Fill(shares[i]);
                SignElection.KeepAgreeing<T>(elected, deltas[i].Span, share);
                TensorPrimitives.Add(divisor, share, divisor);
                rounding.Multiply<T>(deltas[i].Span, share, weighted);
                TensorPrimitives.Add(result, weighted, result);
            }

            rounding.Apply(result);
            rounding.Apply(divisor);
            TensorPrimitives.Max(divisor, T.CreateTruncating(rounding.Apply(1e-6)), divisor);
            rounding.Divide(result, divisor, result);
            rounding.Add(baseValues, result, result);
        });
    }

    // Null keeps everything.
    private static DeltaMask<T>? Select<T>(TensorMerge<T> tensor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var share = tensor.Parameter("select_topk");
        if (share >= 1)
        {
            return null;
        }

        var nonZero = new long[tensor.BlockCount()];
        tensor.ForEachBlock(block =>
        {
            var keys = Variances(tensor, block);
            nonZero[block.Index] = keys.Length - keys.Count(0u);
        });
        var k = (long)((float)nonZero.Sum() * (float)share);
        if (k <= 0)
        {
            return (_, delta) => delta.Clear();
        }

        if (k >= tensor.Length)
        {
            return null;
        }

        var mask = RankMask<T>.Largest(tensor, block => Variances(tensor, block), k, zeroLowBits: 0);
        return (block, delta) => mask.Apply(block, Variances(tensor, block), delta);
    }

    // Population variance over the models, as float32 keys.
    private static ReadOnlySpan<uint> Variances<T>(TensorMerge<T> tensor, Block<T> block)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var deltas = Deltas(tensor, block, block.Load(tensor.Base), null);
        var variances = block.Scratch();
        var spans = deltas.Length;
        for (var i = 0; i < variances.Length; i++)
        {
            var mean = 0.0;
            for (var m = 0; m < spans; m++)
            {
                mean += double.CreateTruncating(deltas[m].Span[i]);
            }

            mean /= spans;
            var sum = 0.0;
            for (var m = 0; m < spans; m++)
            {
                var off = double.CreateTruncating(deltas[m].Span[i]) - mean;
                sum += off * off;
            }

            variances[i] = T.CreateTruncating(sum / spans);
        }

        tensor.Rounding.Apply(variances);

        return RankSelection.NonNegative<T>(block, variances);
    }

    private static double[] Energies<T>(TensorMerge<T> tensor, DeltaMask<T>? keep)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var count = tensor.Others.Length;
        var partial = new double[tensor.BlockCount() * count];
        tensor.ForEachBlock(block =>
        {
            var deltas = Deltas(tensor, block, block.Load(tensor.Base), keep);
            for (var i = 0; i < count; i++)
            {
                var squares = deltas[i].Span;
                tensor.Rounding.Multiply(squares, squares, squares);
                partial[(block.Index * count) + i] = SignElection.SumOfMagnitudes<T>(squares);
            }
        });
        var energies = new double[count];
        for (var i = 0; i < partial.Length; i++)
        {
            energies[i % count] += partial[i];
        }

        return [.. energies.Select(e => tensor.Rounding.Apply(e / Math.Max(1, tensor.Length)))];
    }

    private static Memory<T>[] Deltas<T>(TensorMerge<T> tensor, Block<T> block, ReadOnlySpan<T> baseValues, DeltaMask<T>? keep)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var deltas = new Memory<T>[tensor.Others.Length];
        for (var i = 0; i < deltas.Length; i++)
        {
            deltas[i] = block.LoadMemory(tensor.Others[i]);
            TensorPrimitives.Subtract(deltas[i].Span, baseValues, deltas[i].Span);
            tensor.DeltaRounding(tensor.Others[i]).Apply(deltas[i].Span);
        }

        foreach (var delta in deltas)
        {
            keep?.Invoke(block, delta.Span);
        }

        return deltas;
    }
}
