namespace LamdAgent.Modeling.Architectures;

/// <summary>Activations of the feed-forward part.</summary>
public enum Activation
{
    /// <summary>x * sigmoid(x).</summary>
    Silu,

    /// <summary>GELU in its tanh approximation (<c>gelu_new</c>, <c>gelu_pytorch_tanh</c>).</summary>
    GeluTanh,

    /// <summary>GELU with the error function.</summary>
    Gelu,

    /// <summary>max(x, 0).</summary>
    Relu,
}
