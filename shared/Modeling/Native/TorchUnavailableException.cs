namespace LamdAgent.Modeling.Native;

/// <summary>libtorch cannot be loaded on this system; the message names the file, the reason and the remedy.</summary>
public sealed class TorchUnavailableException : Exception
{
    /// <summary>An error with its cause, where there is one.</summary>
    public TorchUnavailableException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
