namespace LamdAgent.Tokenization.Templates;

/// <summary>The expressions of a template.</summary>
internal abstract record Expression
{
    internal sealed record Constant(object Value) : Expression;

    internal sealed record Name(string Identifier) : Expression;

    internal sealed record ListOf(IReadOnlyList<Expression> Items) : Expression;

    internal sealed record TupleOf(IReadOnlyList<Expression> Items) : Expression;

    internal sealed record DictOf(IReadOnlyList<(Expression Key, Expression Value)> Items) : Expression;

    internal sealed record Attribute(Expression Target, string Member) : Expression;

    internal sealed record Item(Expression Target, Expression Key) : Expression;

    internal sealed record Slice(Expression? Start, Expression? Stop, Expression? Step) : Expression;

    internal sealed record Call(Expression Target, Arguments Passed) : Expression;

    internal sealed record Filter(Expression? Target, string FilterName, Arguments Passed) : Expression;

    internal sealed record Test(Expression Target, string TestName, Arguments Passed) : Expression;

    internal sealed record Not(Expression Operand) : Expression;

    internal sealed record Sign(Expression Operand, bool Negative) : Expression;

    internal sealed record And(Expression Left, Expression Right) : Expression;

    internal sealed record Or(Expression Left, Expression Right) : Expression;

    internal sealed record Arithmetic(string Operator, Expression Left, Expression Right) : Expression;

    internal sealed record Concat(IReadOnlyList<Expression> Parts) : Expression;

    internal sealed record Compare(Expression First, IReadOnlyList<(string Operator, Expression Right)> Rest) : Expression;

    internal sealed record Conditional(Expression Condition, Expression Then, Expression? Else) : Expression;

    /// <summary>What a call passes: positional, named, and unpacked (<c>*x</c>, <c>**y</c>) arguments.</summary>
    internal sealed record Arguments(IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named, Expression? Unpacked, Expression? UnpackedNamed)
    {
        public static readonly Arguments None = new([], [], null, null);
    }
}
