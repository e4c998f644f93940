namespace LamdAgent.Evaluation.Python;

/// <summary>A token of a Python expression.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text; for names and operators.</param>
/// <param name="Value">The value of a literal.</param>
internal readonly record struct PythonToken(PythonToken.Kinds Kind, string Text, object? Value)
{
    internal enum Kinds
    {
        End,
        Name,
        Keyword,
        Operator,
        Number,
        Text,
        FormattedText,
    }
}
