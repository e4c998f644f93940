namespace LamdAgent.Tokenization.Templates;

/// <summary>The tokens of a template, read one after the other.</summary>
internal sealed class TemplateTokens(IReadOnlyList<TemplateToken> tokens)
{
    private int at;

    public TemplateToken Current => tokens[at];

    /// <summary>Index of the current token.</summary>
    public int Position => at;

    /// <summary>Whether a name stands between two positions.</summary>
    public bool Mentions(string name, int from, int to) => tokens.Skip(from).Take(to - from).Any(token => token.IsName(name));

    public TemplateToken Following => tokens[Math.Min(at + 1, tokens.Count - 1)];

    /// <summary>Gives the current token and goes on; the last one stays.</summary>
    public TemplateToken Next()
    {
        var token = tokens[at];
        at = Math.Min(at + 1, tokens.Count - 1);
        return token;
    }

    public TemplateToken Expect(TemplateTokenKind kind) => Current.Kind == kind ? Next() : throw Error($"expected {Describe(kind)}, found {Found()}");

    public void ExpectOperator(string symbol)
    {
        if (!SkipOperator(symbol))
        {
            throw Error($"expected '{symbol}', found {Found()}");
        }
    }

    public void ExpectName(string name)
    {
        if (!SkipName(name))
        {
            throw Error($"expected '{name}', found {Found()}");
        }
    }

    public bool SkipOperator(string symbol)
    {
        var found = Current.IsOperator(symbol);
        if (found)
        {
            Next();
        }

        return found;
    }

    public bool SkipName(string name)
    {
        var found = Current.IsName(name);
        if (found)
        {
            Next();
        }

        return found;
    }

    public ChatTemplateException Error(string message) => new(ChatTemplateError.Syntax, $"line {Current.Line}: {message}");

    private string Found() => Current.Kind == TemplateTokenKind.End ? "the end of the template" : $"'{Current.Text}'";

    private static string Describe(TemplateTokenKind kind) => kind switch
    {
        TemplateTokenKind.BlockEnd => "'%}'",
        TemplateTokenKind.VariableEnd => "'}}'",
        TemplateTokenKind.Name => "a name",
        _ => kind.ToString(),
    };
}
