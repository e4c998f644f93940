using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Numerics;

namespace LamdAgent.Merging.Methods.SixteenBit;

/// <summary><see cref="ModelStockMerge"/> in 16-bit arithmetic.</summary>
internal static class RoundedModelStock
{
    /// <summary>Merges.</summary>
    /// <returns>False when the weights are not defined.</returns>
    public static bool Merge(TensorMerge<float> tensor, VectorGrouping grouping)
    {
        var r = tensor.Rounding;
        var others = tensor.Others;
        var smallest = r.Apply(ModelStockMerge.SmallestProduct);
        var norms = others.Select(m => RoundedVectors.Norms(tensor, grouping, block => RoundedVectors.Load(block, tensor, m, relative: true))).ToArray();
        var cosines = new double[norms[0].Length];
        for (var i = 0; i < others.Length; i++)
        {
            for (var j = i + 1; j < others.Length; j++)
            {
                var (a, b) = (others[i], others[j]);
                var dots = RoundedVectors.Sums(tensor, grouping, block =>
                {
                    var delta = RoundedVectors.Load(block, tensor, a, relative: true);
                    r.Multiply(delta, RoundedVectors.Load(block, tensor, b, relative: true), delta);
                    return delta;
                });
                for (var v = 0; v < cosines.Length; v++)
                {
                    cosines[v] += Math.Clamp(r.Apply(dots[v] / (float)Math.Max(r.Apply(norms[i][v] * norms[j][v]), smallest)), -1, 1);
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
            result.Clear();
            foreach (var m in others)
            {
                r.Add(result, block.Load(m), result);
            }

            r.Divide(result, others.Length, result);
            r.Multiply(result, VectorGroups.Spread(tensor, grouping, block, towards), result);
            var baseValues = block.Load(tensor.Base);
            r.Multiply(baseValues, VectorGroups.Spread(tensor, grouping, block, away), baseValues);
            r.Add(result, baseValues, result);
        });
        return true;
    }
}
