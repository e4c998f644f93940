using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Numerics;

namespace LamdAgent.Merging.Methods.SixteenBit;

/// <summary><see cref="NuSlerpMerge"/> in 16-bit arithmetic, or in float32 with a 16-bit operand, whose unit vector is a 16-bit one then.</summary>
internal static class RoundedNuSlerp
{
    public static void Merge(TensorMerge<float> tensor, double t, VectorGrouping grouping)
    {
        var r = tensor.Rounding;
        var (first, second, relative) = (tensor.Others[0], tensor.Others[1], tensor.Base >= 0);
        var lengths = tensor.Others.Select(m => Array.ConvertAll(
            RoundedVectors.Norms(tensor, grouping, block => RoundedVectors.Load(block, tensor, m, relative), tensor.DeltaRounding(m)),
            n => (float)Math.Max(n, tensor.DeltaRounding(m).Apply(NuSlerpMerge.SmallestNorm)))).ToArray();
        var cosines = RoundedVectors.Sums(tensor, grouping, block =>
        {
            var u = Unit(block, first, lengths[0]);
            r.Multiply(u, Unit(block, second, lengths[1]), u);
            return u;
        }, r);

        var (one, two, divisor) = (new float[cosines.Length], new float[cosines.Length], new float[cosines.Length]);
        var onALine = new float[cosines.Length];
        for (var i = 0; i < cosines.Length; i++)
        {
            var angle = r.Apply(Math.Acos(Math.Clamp(cosines[i], -1, 1)));
            var sine = r.Apply(Math.Sin(angle));
            onALine[i] = Math.Abs(sine) < NuSlerpMerge.SmallestSine ? 1 : 0;
            (one[i], two[i], divisor[i]) = onALine[i] != 0
                ? ((float)(1 - t), (float)t, 1)
                : ((float)r.Apply(Math.Sin(r.Apply((float)(1 - t) * angle))), (float)r.Apply(Math.Sin(r.Apply((float)t * angle))), (float)sine);
        }

        tensor.Produce((block, result) =>
        {
            var v = RoundedVectors.Load(block, tensor, first, relative);
            var w = RoundedVectors.Load(block, tensor, second, relative);
            Weigh(block, first, v, one);
            Weigh(block, second, w, two);
            r.Add(v, w, result);
            r.Divide(result, VectorGroups.Spread(tensor, grouping, block, divisor), result);
            if (relative)
            {
                r.Add(block.Load(tensor.Base), result, result);
            }
        });

        // A sine is a float32 number in mixed types; the weights of vectors on a line are plain numbers, which leave a 16-bit operand in its type.
        void Weigh(Block<float> block, int operand, Span<float> values, float[] weights)
        {
            r.Multiply(values, VectorGroups.Spread(tensor, grouping, block, weights), values);
            var ofOperand = tensor.DeltaRounding(operand);
            if (r.IsActive || !ofOperand.IsActive)
            {
                return;
            }

            var rounded = block.Scratch();
            values.CopyTo(rounded);
            ofOperand.Apply(rounded);
            var linear = VectorGroups.Spread(tensor, grouping, block, onALine);
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = linear[i] != 0 ? rounded[i] : values[i];
            }
        }

        Span<float> Unit(Block<float> block, int operand, float[] norms)
        {
            var values = RoundedVectors.Load(block, tensor, operand, relative);
            tensor.DeltaRounding(operand).Divide(values, VectorGroups.Spread(tensor, grouping, block, norms), values);
            return values;
        }
    }
}
