namespace LamdAgent.Tokenization.Templates.Values;

/// <summary>What a name or member that is not there gives: it prints as nothing, is false and empty, and any other use is an error.</summary>
/// <param name="What">The message of that error.</param>
internal sealed record Undefined(string What)
{
    public ChatTemplateException Error() => new(ChatTemplateError.Undefined, What);
}
