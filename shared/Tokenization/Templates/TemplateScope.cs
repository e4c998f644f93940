namespace LamdAgent.Tokenization.Templates;

/// <summary>Variables of one loop turn, macro or block; what is not found is looked for outside.</summary>
internal sealed class TemplateScope(TemplateScope? outer)
{
    private readonly Dictionary<string, object> variables = new(StringComparer.Ordinal);

    public object? Find(string name)
    {
        for (var scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope.variables.TryGetValue(name, out var value))
            {
                return value;
            }
        }

        return null;
    }

    public TemplateScope? Outer => outer;

    public void Set(string name, object value) => variables[name] = value;
}
