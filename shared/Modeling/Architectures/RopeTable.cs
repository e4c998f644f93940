using LamdAgent.Checkpoints;

namespace LamdAgent.Modeling.Architectures;

/// <summary>
/// Cosines and sines of every position, float32 whatever the compute dtype: rounding the angles to bfloat16 moves logits by up to 0.08. Kept from pass to pass, except where
/// frequencies depend on how long a text is. Thread-safe.
/// </summary>
internal sealed class RopeTable(RopeParameters rope, int headDim, int maxPositions)
{
    private readonly Lock gate = new();
    private (float[] Cos, float[] Sin, int Positions) kept = ([], [], 0);

    /// <summary>Elements of a head that are rotated; element i turns with element i + half of this.</summary>
    public int RotatedWidth { get; } = RopeFrequencies.RotatedWidth(rope, headDim);

    /// <summary>Cosines and sines, [rows, RotatedWidth / 2] row-major, and for every token its row.</summary>
    /// <param name="positions">Position of every token in its text, [N].</param>
    /// <param name="textLengths">Tokens of the text that each token belongs to, [N].</param>
    public (float[] Cos, float[] Sin, int[] Rows) For(int[] positions, int[] textLengths)
    {
        if (RopeFrequencies.DependOnLength(rope))
        {
            return Each(positions, textLengths);
        }

        lock (gate)
        {
            var length = textLengths.Max();
            if (kept.Positions < length)
            {
                // Ahead, so that a text that grows does not compute everything at each token.
                var count = Math.Max(length, Math.Min(2 * length, maxPositions));
                var (cos, sin, _) = Each([.. Enumerable.Range(0, count)], [.. Enumerable.Repeat(count, count)]);
                kept = (cos, sin, count);
            }

            return (kept.Cos, kept.Sin, positions);
        }
    }

    private (float[] Cos, float[] Sin, int[] Rows) Each(int[] positions, int[] textLengths)
    {
        var pairs = RotatedWidth / 2;
        var frequencies = new Dictionary<int, (float[] Inverse, double Factor)>();
        float[] cos = new float[positions.Length * pairs], sin = new float[positions.Length * pairs];
        for (var t = 0; t < positions.Length; t++)
        {
            if (!frequencies.TryGetValue(textLengths[t], out var known))
            {
                known = RopeFrequencies.Compute(rope, headDim, maxPositions, textLengths[t]);
                frequencies.Add(textLengths[t], known);
            }

            for (var i = 0; i < pairs; i++)
            {
                var angle = positions[t] * known.Inverse[i]; // in float32, as the reference does
                cos[(t * pairs) + i] = (float)(Math.Cos(angle) * known.Factor);
                sin[(t * pairs) + i] = (float)(Math.Sin(angle) * known.Factor);
            }
        }

        return (cos, sin, [.. Enumerable.Range(0, positions.Length)]);
    }
}
