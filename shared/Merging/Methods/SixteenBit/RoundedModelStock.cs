using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Numerics;

namespace LamdAgent.Merging.Methods.SixteenBit;

/// <summary><see cref="ModelStockMerge"/> in 16-bit arithmetic, or in float32 with 16-bit operands, which count in their own type until they meet a wider one.</summary>
internal static class RoundedModelStock
{
    /// <summary>Merges.</summary>
    /// <returns>False when the weights are not defined.</returns>
    public static bool Merge(TensorMerge<float> tensor, VectorGrouping grouping)
    {
        var r = tensor.Rounding;
        var others = tensor.Others;
        var norms = others.Select(m => RoundedVectors.Norms(tensor, grouping, block => RoundedVectors.Load(block, tensor, m, relative: true), tensor.DeltaRounding(m))).ToArray();
        var cosines = new double[norms[0].Length];
        for (var i = 0; i < others.Length; i++)
        {
            for (var j = i + 1; j < others.Length; j++)
            {
                var (a, b) = (others[i], others[j]);
                var ofPair = new Rounding(MergeMethod.Promote(tensor.DeltaRounding(a).Type, tensor.DeltaRounding(b).Type));
                var smallest = ofPair.Apply(ModelStockMerge.SmallestProduct);
                var dots = RoundedVectors.Sums(tensor, grouping, block =>
                {
                    var delta = RoundedVectors.Load(block, tensor, a, relative: true);
                    ofPair.Multiply(delta, RoundedVectors.Load(block, tensor, b, relative: true), delta);
                    return delta;
                }, ofPair);
                for (var v = 0; v < cosines.Length; v++)
                {
                    cosines[v] += Math.Clamp(ofPair.Apply(dots[v] / (float)Math.Max(ofPair.Apply(norms[i][v] * norms[j][v]), smallest)), -1, 1);
                }
            }
        }

        var pairs = others.Length * (others.Length - 1) / 2;
        var (towards, away) = (new float[cosines.Length], new float[cosines.Length]);
        for (var v = 0; v < cosines.Length; v++)
        {
            var cosine = r.Apply(cosines[v] / pairs);
            var t = r.Apply(r.Apply(others.Length * cosine) / r.Apply(1 + r.Apply((others.Length - 1) * cosine)));
            if (!double.IsFinite(t))
            {
                return false;
            }

            (towards[v], away[v]) = ((float)t, (float)r.Apply(1 - t));
        }

        tensor.Produce((block, result) =>
        {
            block.Load(others[0]).CopyTo(result);
            var soFar = new Rounding(tensor.TypeOf(others[0]));
            foreach (var m in others.Skip(1))
            {
                soFar = new Rounding(MergeMethod.Promote(soFar.Type, tensor.TypeOf(m)));
                soFar.Add(result, block.Load(m), result);
            }

            soFar.Divide(result, others.Length, result);
            r.Multiply(result, VectorGroups.Spread(tensor, grouping, block, towards), result);
            var baseValues = block.Load(tensor.Base);
            r.Multiply(baseValues, VectorGroups.Spread(tensor, grouping, block, away), baseValues);
            r.Add(result, baseValues, result);
        });
        return true;
    }
}
