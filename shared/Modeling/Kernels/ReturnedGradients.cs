using static TorchSharp.torch;

namespace LamdAgent.Modeling.Kernels;

/// <summary>
/// Frees the gradients that a backward function of ours returned as soon as the next one is asked for: libtorch has taken its own reference by then, and without this they would
/// stay until the caller's scope ends, all activations' worth of them.
/// </summary>
internal static class ReturnedGradients
{
    [ThreadStatic]
    private static Tensor[]? last;

    public static List<Tensor> Hand(Tensor?[] gradients)
    {
        foreach (var tensor in last ?? [])
        {
            tensor.Dispose();
        }

        last = [.. gradients.OfType<Tensor>()];
        foreach (var tensor in last)
        {
            tensor.DetachFromDisposeScope();
        }

        return [.. gradients.Select(g => g!)];
    }
}
