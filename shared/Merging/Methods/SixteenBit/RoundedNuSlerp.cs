using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Numerics;

namespace LamdAgent.Merging.Methods.SixteenBit;

/// <summary><see cref="NuSlerpMerge"/> in 16-bit arithmetic.</summary>
internal static class RoundedNuSlerp
{
    public static void Merge(TensorMerge<float> tensor, double t, VectorGrouping grouping)
    {
        var r = tensor.Rounding;
        var (first, second, relative) = (tensor.Others[0], tensor.Others[1], tensor.Base >= 0);
        var smallest = r.Apply(NuSlerpMerge.SmallestNorm);
        var lengths = tensor.Others.Select(m => Array.ConvertAll(
            RoundedVectors.Norms(tensor, grouping, block => RoundedVectors.Load(block, tensor, m, relative)), n => (float)Math.Max(n, smallest))).ToArray();
        var cosines = RoundedVectors.Sums(tensor, grouping, block =>
        {
            var u = Unit(block, first, lengths[0]);
            r.Multiply(u, Unit(block, second, lengths[1]), u);
            return u;
        });

        var (one, two, divisor) = (new float[cosines.Length], new float[cosines.Length], new float[cosines.Length]);
        for (var i = 0; i < cosines.Length; i++)
        {
            var angle = r.Apply(Math.Acos(Math.Clamp(cosines[i], -1, 1)));
            var sine = r.Apply(Math.Sin(angle));
            (one[i], two[i], divisor[i]) = Math.Abs(sine) < NuSlerpMerge.SmallestSine
                ? ((float)(1 - t), (float)t, 1)
                : ((float)r.Apply(Math.Sin(r.Apply((float)(1 - t) * angle))), (float)r.Apply(Math.Sin(r.Apply((float)t * angle))), (float)sine);
        }

        tensor.Produce((block, result) =>
        {
            var v = RoundedVectors.Load(block, tensor, first, relative);
            var w = RoundedVectors.Load(block, tensor, second, relative);
            r.Multiply(v, VectorGroups.Spread(tensor, grouping, block, one), v);
            r.Multiply(w, VectorGroups.Spread(tensor, grouping, block, two), w);
            r.Add(v, w, result);
            r.Divide(result, VectorGroups.Spread(tensor, grouping, block, divisor), result);
            if (relative)
            {
                r.Add(block.Load(tensor.Base), result, result);
            }
        });

        Span<float> Unit(Block<float> block, int operand, float[] norms)
        {
            var values = RoundedVectors.Load(block, tensor, operand, relative);
            r.Divide(values, VectorGroups.Spread(tensor, grouping, block, norms), values);
            return values;
        }
    }
}
