namespace LamdAgent.Tokenization.Templates;

/// <summary>A chat template failed. Callers outside get it as the inner exception of an <see cref="Domain.InvalidInputException"/>.</summary>
public sealed class ChatTemplateException(ChatTemplateError kind, string message) : Exception(message)
{
    /// <summary>What kind of failure it was.</summary>
    public ChatTemplateError Kind { get; } = kind;
}
