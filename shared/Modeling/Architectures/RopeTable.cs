using LamdAgent.Checkpoints;

namespace LamdAgent.Modeling.Architectures;

/// <summary>
/// Cosines and sines of every position, float32 whatever the compute dtype: rounding the angles to bfloat16 moves logits by up to 0.08. Grows as longer
/// sequences come; thread-safe.
/// </summary>
internal sealed class RopeTable(RopeParameters rope, int headDim, int maxPositions)
{
    private readonly Lock gate = new();
    private Values? values;

    /// <summary>Elements of a head that are rotated; element i turns with element i + half of this.</summary>
    public int RotatedWidth { get; } = RopeFrequencies.RotatedWidth(rope, headDim);

    /// <summary>Cosine and sine, [positions, RotatedWidth / 2] row-major, for at least <paramref name="length"/> positions.</summary>
    public (float[] Cos, float[] Sin) For(int length)
    {
        lock (gate)
        {
            if (values is not { } known || known.Positions < length || (RopeFrequencies.DependOnLength(rope) && known.Length != length))
            {
                // Frequencies that depend on the length are computed for this length; others are computed ahead to be kept.
                known = Compute(RopeFrequencies.DependOnLength(rope) ? length : Math.Max(length, Math.Min(2 * length, Math.Max(maxPositions, length))), length);
                values = known;
            }

            return (known.Cos, known.Sin);
        }
    }

    private Values Compute(int positions, int length)
    {
        var (inverse, factor) = RopeFrequencies.Compute(rope, headDim, maxPositions, length);
        var pairs = inverse.Length;
        float[] cos = new float[positions * pairs], sin = new float[positions * pairs];
        for (var p = 0; p < positions; p++)
        {
            for (var i = 0; i < pairs; i++)
            {
                var angle = p * inverse[i]; // in float32, as the reference does
                cos[(p * pairs) + i] = (float)(Math.Cos(angle) * factor);
                sin[(p * pairs) + i] = (float)(Math.Sin(angle) * factor);
            }
        }

        return new Values(cos, sin, positions, length);
    }

    private sealed record Values(float[] Cos, float[] Sin, int Positions, int Length);
}
