namespace LamdAgent.Tokenization.Templates.Values;

/// <summary>Jinja's namespace(): variables that outlive the turn of a loop.</summary>
internal sealed class TemplateNamespace
{
    public Dictionary<string, object> Members { get; } = new(StringComparer.Ordinal);
}
