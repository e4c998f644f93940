namespace LamdAgent.Tokenization.Templates;

/// <summary>The kinds of tokens a template is cut into.</summary>
internal enum TemplateTokenKind
{
    Data,
    BlockBegin,
    BlockEnd,
    VariableBegin,
    VariableEnd,
    Name,
    String,
    Integer,
    Float,
    Operator,
    End,
}
