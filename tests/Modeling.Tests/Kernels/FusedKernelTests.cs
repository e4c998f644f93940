using LamdAgent.Modeling.Architectures;
using LamdAgent.Modeling.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests.Kernels;

/// <summary>Each kernel against the plain operations it stands for, forward and backward, both dtypes, widths that no vector divides, many threads.</summary>
public sealed class FusedKernelTests
{
    public static TheoryData<int, int, bool> Shapes => new()
    {
        { 1, 48, false }, { 3, 7, false }, { 200, 48, false }, { 700, 130, false }, { 700, 130, true }, { 65, 16, true }, { 2, 3, true },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Rms_norm(int rows, int width, bool narrow)
    {
        using var scope = NewDisposeScope();
        foreach (var offset in new[] { 0f, 1f })
        {
            var (x, w) = (Random(1, narrow, rows, width), Random(2, narrow, width));
            Check([x, w], narrow, v => FusedRmsNorm.Run(v[0], v[1], 1e-5, offset), v =>
            {
                var wide = v[0].to(ScalarType.Float32);
                return wide * rsqrt(wide.square().mean([-1], keepdim: true) + 1e-5) * (v[1].to(ScalarType.Float32) + offset);
            });
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Gate(int rows, int inner, bool narrow)
    {
        using var scope = NewDisposeScope();
        foreach (var activation in new[] { Activation.Silu, Activation.GeluTanh })
        {
            Check([Random(3, narrow, rows, 2 * inner) * 3], narrow, v => FusedGate.Run(v[0], activation), v =>
            {
                var parts = v[0].to(ScalarType.Float32).split([inner, inner], -1);
                return (activation == Activation.Silu ? nn.functional.silu(parts[0]) : parts[0].gelu(TorchSharp.Modules.GELU.Approximate.tanh)) * parts[1];
            });
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Rotation(int rows, int half, bool narrow)
    {
        using var scope = NewDisposeScope();
        const int Heads = 5, Rotated = 3;
        foreach (var rest in new[] { 0, 6 })
        {
            var headDim = (2 * half) + rest;
            float[] cos = [.. Enumerable.Range(0, rows * half).Select(i => MathF.Cos(i))], sin = [.. Enumerable.Range(0, rows * half).Select(i => MathF.Sin(i))];
            int[] positions = [.. Enumerable.Range(0, rows).Reverse()];
            Tensor c = tensor(cos, rows, half).flip(0).unsqueeze(1), s = tensor(sin, rows, half).flip(0).unsqueeze(1);
            Check([Random(4, narrow, rows, Heads, headDim)], narrow, v => FusedRotation.Run(v[0], Rotated, half, cos, sin, positions), v =>
            {
                var parts = v[0].to(ScalarType.Float32).split([Rotated, Heads - Rotated], 1);
                Tensor a = parts[0].narrow(2, 0, half), b = parts[0].narrow(2, half, half);
                return cat([cat([(a * c) - (b * s), (b * c) + (a * s), parts[0].narrow(2, 2 * half, rest)], -1), parts[1]], 1);
            });
        }
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(40, 288)]
    [InlineData(3, 20_001)] // several partial sums and a rest
    public void Logits_give_the_statistics_and_the_gradient_of_log_softmax(int rows, int width)
    {
        using var scope = NewDisposeScope();
        var logits = (Random(3, false, rows, width) * 6).requires_grad_(true);
        var targets = arange(rows, ScalarType.Int64).mul_(7).remainder_(width);
        var upstream = Random(4, false, rows);
        var logps = nn.functional.log_softmax(logits, -1);
        var picked = logps.gather(-1, targets.unsqueeze(-1)).squeeze(-1);
        (picked * upstream).sum().backward();

        var found = FusedLogits.Score(logits.detach(), targets);
        found.Logps.ShouldBeNear(picked, 2e-5, "logps");
        found.LogSums.ShouldBeNear(logits.detach().logsumexp(-1), 2e-5, "log sums");
        found.Entropies.ShouldBeNear(-(logps.exp() * logps).sum(-1), 1e-4, "entropies");
        found.Means.ShouldBeNear(logits.detach().mean([-1L]), 1e-5, "means");
        found.Correct.ShouldBeNear(logits.detach().argmax(-1).eq(targets), 1e-6, "correct");
        var into = empty_like(logits);
        FusedLogits.Gradient(logits.detach(), found.LogSums, targets, upstream, into);
        into.ShouldBeNear(logits.grad!, 1e-5, "gradient");
        var inPlace = logits.detach().clone();
        FusedLogits.Gradient(inPlace, found.LogSums, targets, upstream, inPlace);
        inPlace.ShouldBeNear(into, 1e-9, "in place");
    }

    [Fact]
    public void Of_equal_logits_the_first_is_the_likeliest_and_not_a_number_stays_so()
    {
        using var scope = NewDisposeScope();
        var logits = tensor(new float[] { 1, 3, 3, 0, 3, 1, 0, 0, float.NaN, 1 }).clone().view(2, 5);
        FusedLogits.Score(logits, tensor(new long[] { 1, 1 }).clone()).Correct[0].item<float>().ShouldBe(1);
        var found = FusedLogits.Score(logits, tensor(new long[] { 2, 1 }).clone());
        found.Correct[0].item<float>().ShouldBe(0);
        float.IsNaN(found.Logps[1].item<float>()).ShouldBeTrue();
    }

    [Fact]
    public void Many_backward_passes_leave_no_tensor_behind()
    {
        using var scope = NewDisposeScope();
        var (x, w) = (Random(1, false, 64, 32).requires_grad_(true), Random(2, false, 16).requires_grad_(true));
        var before = 0L;
        for (var i = 0; i < 300; i++)
        {
            using var step = NewDisposeScope();
            FusedRmsNorm.Run(FusedGate.Run(x, Activation.Silu), w, 1e-5, 0).sum().backward();
            before = i == 10 ? DisposeScopeManager.Statistics.ThreadTotalLiveCount : before;
            if (i > 10)
            {
                DisposeScopeManager.Statistics.ThreadTotalLiveCount.ShouldBe(before);
            }
        }
    }

    private static void Check(Tensor[] inputs, bool narrow, Func<Tensor[], Tensor> fused, Func<Tensor[], Tensor> plain)
    {
        Tensor[] one = [.. inputs.Select(i => i.detach().clone().requires_grad_(true))], two = [.. inputs.Select(i => i.detach().clone().requires_grad_(true))];
        var expected = plain(two);
        var actual = fused(one);
        actual.dtype.ShouldBe(inputs[0].dtype);
        Near(actual, expected, "forward");
        using (no_grad())
        {
            Near(fused(one), expected, "without gradients");
        }

        var weights = Random(9, narrow, [.. expected.shape]);
        actual.backward([weights]);
        expected.backward([weights.to(ScalarType.Float32)]);
        for (var i = 0; i < inputs.Length; i++)
        {
            Near(one[i].grad!, two[i].grad!, $"gradient {i}");
        }

        void Near(Tensor a, Tensor b, string what)
        {
            var size = 1e-3f + b.detach().abs().max().to(ScalarType.Float32).item<float>();
            a.to(ScalarType.Float32).ShouldBeNear(b, size * (narrow ? 1.0 / 64 : 1e-5), what);
        }
    }

    private static Tensor Random(ulong seed, bool narrow, params long[] shape)
    {
        using var generator = new Generator(seed, CPU);
        return randn(shape, ScalarType.Float32, CPU, generator: generator).to(narrow ? ScalarType.BFloat16 : ScalarType.Float32);
    }
}
