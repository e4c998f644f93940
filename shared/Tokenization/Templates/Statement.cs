namespace LamdAgent.Tokenization.Templates;

/// <summary>The statements of a template.</summary>
internal abstract record Statement
{
    internal sealed record Text(string Value) : Statement;

    internal sealed record Print(Expression Value) : Statement;

    internal sealed record If(IReadOnlyList<(Expression Condition, IReadOnlyList<Statement> Body)> Branches, IReadOnlyList<Statement> Else) : Statement;

    internal sealed record For(Expression Target, Expression Source, Expression? Condition, IReadOnlyList<Statement> Body, IReadOnlyList<Statement> Else, bool Recursive) : Statement;

    internal sealed record Set(Expression Target, Expression Value) : Statement;

    /// <summary>The text of a body, through filters, into a variable.</summary>
    internal sealed record SetBlock(Expression Target, IReadOnlyList<Expression.Filter> Filters, IReadOnlyList<Statement> Body) : Statement;

    internal sealed record Macro(string Name, Signature Header, IReadOnlyList<Statement> Body) : Statement;

    internal sealed record CallBlock(Signature Header, Expression.Call Call, IReadOnlyList<Statement> Body) : Statement;

    internal sealed record FilterBlock(IReadOnlyList<Expression.Filter> Filters, IReadOnlyList<Statement> Body) : Statement;

    internal sealed record With(IReadOnlyList<(Expression Target, Expression Value)> Values, IReadOnlyList<Statement> Body) : Statement;

    /// <summary>What the assistant writes, for the loss mask.</summary>
    internal sealed record Generation(IReadOnlyList<Statement> Body) : Statement;

    internal sealed record Break : Statement;

    internal sealed record Continue : Statement;

    /// <summary>A macro's parameters; those at the end may have defaults. It takes more than them if its body speaks of <c>varargs</c> or <c>kwargs</c>.</summary>
    internal sealed record Signature(IReadOnlyList<(string Name, Expression? Default)> Parameters)
    {
        public bool TakesMore { get; init; }

        public bool TakesMoreNamed { get; init; }
    }
}
