namespace LamdAgent.Evaluation.Python;

/// <summary>A parsed Python expression, as far as tool calls need it. What a decoder would refuse anyway is kept as <see cref="Other"/>.</summary>
internal abstract record PythonExpression
{
    /// <summary>A literal: null, bool, BigInteger, double, string or <see cref="PythonOpaque"/>.</summary>
    internal sealed record Constant(object? Value) : PythonExpression;

    internal sealed record Name(string Id) : PythonExpression;

    internal sealed record Attribute(PythonExpression Value, string Member) : PythonExpression;

    /// <summary>Keywords with a null name are <c>**mappings</c>.</summary>
    internal sealed record Call(PythonExpression Function, IReadOnlyList<PythonExpression> Arguments, IReadOnlyList<(string? Name, PythonExpression Value)> Keywords) : PythonExpression;

    internal sealed record ListOf(IReadOnlyList<PythonExpression> Items) : PythonExpression;

    internal sealed record TupleOf(IReadOnlyList<PythonExpression> Items) : PythonExpression;

    internal sealed record SetOf(IReadOnlyList<PythonExpression> Items) : PythonExpression;

    /// <summary>A null key is a <c>**mapping</c>.</summary>
    internal sealed record DictOf(IReadOnlyList<(PythonExpression? Key, PythonExpression Value)> Items) : PythonExpression;

    internal sealed record Unary(string Operator, PythonExpression Operand) : PythonExpression;

    internal sealed record Binary(string Operator, PythonExpression Left, PythonExpression Right) : PythonExpression;

    internal sealed record Subscript(PythonExpression Value, PythonExpression Index) : PythonExpression;

    internal sealed record Slice(PythonExpression? Lower, PythonExpression? Upper, PythonExpression? Step) : PythonExpression;

    internal sealed record Starred(PythonExpression Value) : PythonExpression;

    /// <summary>Comparisons, conditions, comprehensions, lambdas, formatted strings.</summary>
    internal sealed record Other : PythonExpression;
}
