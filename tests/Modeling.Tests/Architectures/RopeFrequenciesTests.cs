using LamdAgent.Checkpoints;
using LamdAgent.Modeling.Architectures;

namespace LamdAgent.Modeling.Tests.Architectures;

/// <summary>The scalings that no golden model has, by arithmetic that a reader can redo; head width 8, theta 10000: frequencies 1, 0.1, 0.01, 0.001.</summary>
public sealed class RopeFrequenciesTests
{
    private static readonly double[] Plain = [1, 0.1, 0.01, 0.001];

    [Fact]
    public void Linear_divides_every_frequency()
    {
        Compute(new RopeParameters { Type = "linear", Factor = 4 }).Inverse.Select(f => (double)f).ShouldBe(Plain.Select(f => f / 4), 1e-7);
    }

    [Fact]
    public void Dynamic_changes_nothing_within_the_context_and_raises_the_base_beyond()
    {
        var rope = new RopeParameters { Type = "dynamic", Factor = 2 };

        Compute(rope, length: 64).Inverse.Select(f => (double)f).ShouldBe(Plain, 1e-7);
        // theta' = theta * (2 * 128 / 64 - 1)^(8 / 6)
        var theta = 10000 * Math.Pow(3, 8.0 / 6);
        Compute(rope, length: 128).Inverse.Select(f => (double)f).ShouldBe(Enumerable.Range(0, 4).Select(i => Math.Pow(theta, -i / 4.0)), 1e-7);
    }

    [Fact]
    public void Yarn_keeps_short_waves_divides_long_ones_and_warms_the_attention()
    {
        // Turns within 64 positions: 64 / 2 pi = 10.2, 1.02, 0.102, 0.0102. The ramp runs between the dimensions with 32 and 1 turns:
        // 8 ln(64 / (32 * 2 pi)) / (2 ln 10000) = -0.497 -> 0; 8 ln(64 / (2 pi)) / (2 ln 10000) = 1.008 -> 2. So dimension 0 stays, 1 is half way, 2 and 3 are divided.
        var (inverse, attention) = Compute(new RopeParameters { Type = "yarn", Factor = 4, OriginalMaxPositionEmbeddings = 64 });

        inverse.Select(f => (double)f).ShouldBe([1, ((0.1 / 4) + 0.1) / 2, 0.01 / 4, 0.001 / 4], 1e-7);
        attention.ShouldBe((0.1 * Math.Log(4)) + 1, 1e-9);
        Compute(new RopeParameters { Type = "yarn", Factor = 4, OriginalMaxPositionEmbeddings = 64, AttentionFactor = 1.5 }).AttentionFactor.ShouldBe(1.5);
        Compute(new RopeParameters { Type = "yarn", Factor = 4, OriginalMaxPositionEmbeddings = 64, MScale = 1, MScaleAllDim = 0.5 }).AttentionFactor.ShouldBe(((0.1 * Math.Log(4)) + 1) / ((0.05 * Math.Log(4)) + 1), 1e-9);
        // Without rounding the ramp runs from 0 to 1.008: dimension 1 is all but divided.
        var end = 8 * Math.Log(64 / (2 * Math.PI)) / (2 * Math.Log(10000));
        ((double)Compute(new RopeParameters { Type = "yarn", Factor = 4, OriginalMaxPositionEmbeddings = 64, Truncate = false }).Inverse[1]).ShouldBe((0.1 / 4 / end) + (0.1 * (1 - (1 / end))), 1e-7);
        // No factor given: 64 positions from 16.
        Compute(new RopeParameters { Type = "yarn", OriginalMaxPositionEmbeddings = 16 }).AttentionFactor.ShouldBe((0.1 * Math.Log(4)) + 1, 1e-9);
    }

    [Fact]
    public void Llama3_divides_long_waves_keeps_short_ones_and_blends_between()
    {
        // Wavelengths 6.28, 62.8, 628, 6283; original 256, low 1, high 8: up to 32 stays, above 256 is divided, 62.8 is blended with (256 / 62.8 - 1) / 7 = 0.4392.
        var (inverse, _) = Compute(new RopeParameters { Type = "llama3", Factor = 8, LowFrequencyFactor = 1, HighFrequencyFactor = 8, OriginalMaxPositionEmbeddings = 256 });
        var smooth = ((256 / (2 * Math.PI / 0.1)) - 1) / 7;

        inverse.Select(f => (double)f).ShouldBe([1, ((1 - smooth) * 0.1 / 8) + (smooth * 0.1), 0.01 / 8, 0.001 / 8], 1e-7);
    }

    [Fact]
    public void Longrope_takes_the_long_factors_beyond_the_original_context()
    {
        var rope = new RopeParameters { Type = "longrope", ShortFactor = [1, 1, 1, 1], LongFactor = [1, 2, 4, 8], OriginalMaxPositionEmbeddings = 32 };

        Compute(rope, length: 32).Inverse.Select(f => (double)f).ShouldBe(Plain, 1e-7);
        var (inverse, attention) = Compute(rope, length: 33);
        inverse.Select(f => (double)f).ShouldBe([1, 0.05, 0.0025, 0.000125], 1e-7);
        attention.ShouldBe(Math.Sqrt(1 + (Math.Log(2) / Math.Log(32))), 1e-9);
    }

    private static (float[] Inverse, double AttentionFactor) Compute(RopeParameters rope, int length = 16) => RopeFrequencies.Compute(rope, headDim: 8, maxPositions: 64, length);
}
