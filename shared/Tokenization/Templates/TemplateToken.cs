namespace LamdAgent.Tokenization.Templates;

/// <summary>One token of a template.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text; for strings the value, for data the text after white-space control.</param>
/// <param name="Line">Line of the template, counted from 1.</param>
internal readonly record struct TemplateToken(TemplateTokenKind Kind, string Text, int Line)
{
    public bool IsName(string name) => Kind == TemplateTokenKind.Name && Text == name;

    public bool IsOperator(string symbol) => Kind == TemplateTokenKind.Operator && Text == symbol;
}
