namespace LamdAgent.Evaluation.Python;

/// <summary>Writes an expression as <c>ast.unparse</c> does: single quotes where they fit, one blank around operators, brackets only where needed.</summary>
internal static class PythonUnparser
{
    private const int UnaryLevel = 7;
    private const int PowerLevel = 8;
    private const int AtomLevel = 9;

    /// <exception cref="PythonSyntaxException">It holds something that is not kept.</exception>
    public static string Unparse(PythonExpression expression) => Write(expression, 0);

    private static string Write(PythonExpression expression, int level) => expression switch
    {
        PythonExpression.Constant constant => PythonValues.Repr(constant.Value),
        PythonExpression.Name name => name.Id,
        PythonExpression.Attribute attribute => attribute.Value is PythonExpression.Constant { Value: System.Numerics.BigInteger }
            ? $"{Write(attribute.Value, AtomLevel)} .{attribute.Member}"
            : $"{Write(attribute.Value, AtomLevel)}.{attribute.Member}",
        PythonExpression.Call call => $"{Write(call.Function, AtomLevel)}({string.Join(", ", call.Arguments.Select(Unparse).Concat(call.Keywords.Select(Keyword)))})",
        PythonExpression.ListOf list => $"[{Join(list.Items)}]",
        PythonExpression.TupleOf tuple => $"({Join(tuple.Items)}{(tuple.Items.Count == 1 ? "," : "")})",
        PythonExpression.SetOf set => $"{{{Join(set.Items)}}}",
        PythonExpression.DictOf dict => $"{{{string.Join(", ", dict.Items.Select(item => item.Key is null ? $"**{Write(item.Value, PythonParser.BitOrPrecedence)}" : $"{Unparse(item.Key)}: {Unparse(item.Value)}"))}}}",
        PythonExpression.Starred starred => $"*{Write(starred.Value, PythonParser.BitOrPrecedence)}",
        PythonExpression.Subscript subscript => $"{Write(subscript.Value, AtomLevel)}[{(subscript.Index is PythonExpression.TupleOf { Items.Count: > 0 } tuple ? Join(tuple.Items) + (tuple.Items.Count == 1 ? "," : "") : Unparse(subscript.Index))}]",
        PythonExpression.Slice slice => $"{Part(slice.Lower)}:{Part(slice.Upper)}{(slice.Step is null ? "" : ":" + Unparse(slice.Step))}",
        PythonExpression.Unary { Operator: "not " } not => Bracket(level > 0, $"not {Write(not.Operand, 0)}"),
        PythonExpression.Unary unary => Bracket(level > UnaryLevel, unary.Operator + Write(unary.Operand, UnaryLevel)),
        PythonExpression.Binary { Operator: "**" } power => Bracket(level > PowerLevel, $"{Write(power.Left, AtomLevel)} ** {Write(power.Right, UnaryLevel)}"),
        PythonExpression.Binary binary => Operation(binary, PythonParser.Precedence(binary.Operator), level),
        _ => throw new PythonSyntaxException("an expression that is not kept"),
    };

    private static string Part(PythonExpression? expression) => expression is null ? "" : Unparse(expression);

    private static string Operation(PythonExpression.Binary binary, int own, int level) =>
        Bracket(level > own, $"{Write(binary.Left, own)} {binary.Operator} {Write(binary.Right, own + 1)}");

    private static string Join(IEnumerable<PythonExpression> items) => string.Join(", ", items.Select(Unparse));

    private static string Keyword((string? Name, PythonExpression Value) keyword) => keyword.Name is null ? $"**{Unparse(keyword.Value)}" : $"{keyword.Name}={Unparse(keyword.Value)}";

    private static string Bracket(bool needed, string text) => needed ? $"({text})" : text;
}
