using static TorchSharp.torch;

namespace LamdAgent.Modeling.Tests;

/// <summary>Comparisons that say how far apart two tensors are.</summary>
internal static class Compare
{
    public const double Logits = 1e-4;
    public const double Loss = 1e-5;
    public const double Gradient = 1e-5;

    public static void ShouldBeNear(this Tensor actual, Tensor expected, double tolerance, string what)
    {
        actual.shape.ShouldBe(expected.shape, what);
        using var scope = NewDisposeScope();
        var difference = (actual.detach().to(ScalarType.Float32) - expected.to(ScalarType.Float32)).abs();
        difference.isnan().any().item<bool>().ShouldBeFalse($"{what} has NaN");
        difference.max().item<float>().ShouldBeLessThan((float)tolerance, what);
    }

    /// <summary>Mean cross entropy of logits [.., T, V] against labels [.., T], each label's logits one place before it.</summary>
    public static Tensor NextTokenLoss(Tensor logits, Tensor labels)
    {
        var length = labels.size(-1);
        var vocabulary = logits.size(-1);
        return TorchSharp.torch.nn.functional.cross_entropy(
            logits.narrow(-2, 0, length - 1).reshape(-1, vocabulary),
            labels.narrow(-1, 1, length - 1).reshape(-1),
            ignore_index: -100);
    }
}
