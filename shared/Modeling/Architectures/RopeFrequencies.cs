using LamdAgent.Checkpoints;
using LamdAgent.Domain;

namespace LamdAgent.Modeling.Architectures;

/// <summary>
/// Inverse frequencies of rotary position embeddings (Su et al., 2021, arXiv 2104.09864) and their scalings for long contexts: linear, dynamic NTK, yarn
/// (Peng et al., 2023, arXiv 2309.00071), llama3, longrope (Ding et al., 2024, arXiv 2402.13753). As transformers' <c>modeling_rope_utils.py</c>.
/// </summary>
internal static class RopeFrequencies
{
    private static readonly string[] Types = ["default", "linear", "dynamic", "yarn", "llama3", "longrope"];

    /// <exception cref="InvalidInputException">The kind is unknown, or a value that it needs is missing.</exception>
    public static void Check(RopeParameters rope, int headDim)
    {
        if (!Types.Contains(rope.Type))
        {
            throw new InvalidInputException($"config.json: rope type '{rope.Type}' is not supported; supported: {string.Join(", ", Types)}");
        }

        if (rope.Type is "linear" or "dynamic" or "llama3" && rope.Factor is null)
        {
            throw new InvalidInputException($"config.json: rope type {rope.Type} needs a factor");
        }

        if (rope.Type == "llama3" && (rope.LowFrequencyFactor is null || rope.HighFrequencyFactor is null))
        {
            throw new InvalidInputException("config.json: rope type llama3 needs low_freq_factor and high_freq_factor");
        }

        var pairs = RotatedWidth(rope, headDim) / 2;
        if (rope.Type == "longrope" && (rope.ShortFactor?.Count != pairs || rope.LongFactor?.Count != pairs))
        {
            throw new InvalidInputException($"config.json: rope type longrope needs short_factor and long_factor with {pairs} values each");
        }

        if (rope.Theta <= 0 || rope.Factor <= 0 || RotatedWidth(rope, headDim) is 0 or < 0 || RotatedWidth(rope, headDim) % 2 != 0)
        {
            throw new InvalidInputException($"config.json: rope needs a positive theta and factor and an even number of rotated dimensions (theta {rope.Theta}, factor {rope.Factor}, {RotatedWidth(rope, headDim)} of {headDim})");
        }
    }

    /// <summary>How many elements of a head are rotated; the rest pass through.</summary>
    public static int RotatedWidth(RopeParameters rope, int headDim) => (int)(headDim * rope.PartialRotaryFactor);

    /// <summary>Whether the frequencies depend on how long the longest sequence is.</summary>
    public static bool DependOnLength(RopeParameters rope) => rope.Type is "dynamic" or "longrope";

    /// <summary>One frequency for each pair of elements, and the factor on cosine and sine.</summary>
    /// <param name="rope">The parameters, checked.</param>
    /// <param name="headDim">Width of a head.</param>
    /// <param name="maxPositions">The model's longest context.</param>
    /// <param name="length">Tokens of the longest sequence in this batch.</param>
    public static (float[] Inverse, double AttentionFactor) Compute(RopeParameters rope, int headDim, int maxPositions, int length)
    {
        var width = RotatedWidth(rope, headDim);
        return rope.Type switch
        {
            "linear" => ([.. Plain(width, rope.Theta).Select(f => (float)(f / rope.Factor!.Value))], 1),
            "dynamic" => ([.. Plain(width, DynamicTheta(rope, width, maxPositions, length)).Select(f => (float)f)], 1),
            "yarn" => Yarn(rope, width, maxPositions),
            "llama3" => ([.. Plain(width, rope.Theta).Select(f => (float)Llama3(rope, f, maxPositions))], 1),
            "longrope" => LongRope(rope, width, maxPositions, length),
            _ => ([.. Plain(width, rope.Theta).Select(f => (float)f)], 1),
        };
    }

    private static IEnumerable<double> Plain(int width, double theta) =>
        Enumerable.Range(0, width / 2).Select(i => 1 / Math.Pow(theta, 2.0 * i / width));

    // NTK-aware: the base grows with the length once it passes the context the model was trained for.
    private static double DynamicTheta(RopeParameters rope, int width, int maxPositions, int length)
    {
        var factor = rope.Factor!.Value;
        return length <= maxPositions
            ? rope.Theta
            : rope.Theta * Math.Pow((factor * length / maxPositions) - (factor - 1), width / (width - 2.0));
    }

    // Where the config names no factor, it is how far the context was stretched.
    private static double FactorOf(RopeParameters rope, int maxPositions) =>
        rope.Factor ?? ((double)maxPositions / (rope.OriginalMaxPositionEmbeddings ?? maxPositions));

    // Long waves are divided by the factor, short ones stay, between them it is interpolated.
    private static double Llama3(RopeParameters rope, double frequency, int maxPositions)
    {
        double low = rope.LowFrequencyFactor!.Value, high = rope.HighFrequencyFactor!.Value, original = rope.OriginalMaxPositionEmbeddings ?? maxPositions;
        var factor = rope.Factor!.Value;
        var wavelength = 2 * Math.PI / frequency;
        if (wavelength < original / high)
        {
            return frequency;
        }

        if (wavelength > original / low)
        {
            return frequency / factor;
        }

        var smooth = ((original / wavelength) - low) / (high - low);
        return ((1 - smooth) * frequency / factor) + (smooth * frequency);
    }

    private static (float[] Inverse, double AttentionFactor) Yarn(RopeParameters rope, int width, int maxPositions)
    {
        var original = rope.OriginalMaxPositionEmbeddings ?? maxPositions;
        var factor = FactorOf(rope, maxPositions);
        double low = Correction(rope.BetaFast is { } fast and not 0 ? fast : 32), high = Correction(rope.BetaSlow is { } slow and not 0 ? slow : 1);
        (low, high) = rope.Truncate ? (Math.Floor(low), Math.Ceiling(high)) : (low, high);
        (low, high) = (Math.Max(low, 0), Math.Min(high, width - 1));
        high += low == high ? 0.001 : 0; // no division by zero
        var frequencies = Plain(width, rope.Theta).Select((f, i) =>
        {
            var interpolated = Math.Clamp((i - low) / (high - low), 0, 1);
            return (float)((f / factor * interpolated) + (f * (1 - interpolated)));
        });
        var scale = rope is { MScale: { } over and not 0, MScaleAllDim: { } under and not 0 } ? Warmth(over) / Warmth(under) : Warmth(1);
        return ([.. frequencies], rope.AttentionFactor ?? scale);

        double Warmth(double weight) => factor <= 1 ? 1 : (0.1 * weight * Math.Log(factor)) + 1;

        // The dimension whose wave turns this often within the original context.
        double Correction(double rotations) => width * Math.Log(original / (rotations * 2 * Math.PI)) / (2 * Math.Log(rope.Theta));
    }

    private static (float[] Inverse, double AttentionFactor) LongRope(RopeParameters rope, int width, int maxPositions, int length)
    {
        var original = rope.OriginalMaxPositionEmbeddings ?? maxPositions;
        var factor = FactorOf(rope, maxPositions);
        var each = (length > original ? rope.LongFactor : rope.ShortFactor)!;
        return (
            [.. Plain(width, rope.Theta).Select((f, i) => (float)(f / each[i]))],
            rope.AttentionFactor ?? (factor <= 1 ? 1 : Math.Sqrt(1 + (Math.Log(factor) / Math.Log(original)))));
    }
}
