using System.Numerics;

namespace LamdAgent.Evaluation.Python;

/// <summary>
/// Works out expressions of literals (<c>1 + 2</c>, <c>"New" + " York"</c>, <c>11 / 2</c>), which a tool-call decoder evaluates. Names, calls and
/// everything else are refused: nothing is executed.
/// </summary>
internal static class PythonEvaluator
{
    private const int MaxBits = 1 << 16;
    private const int MaxLength = 1 << 16;

    /// <exception cref="PythonSyntaxException">It cannot be worked out.</exception>
    public static object? Evaluate(PythonExpression expression) => expression switch
    {
        PythonExpression.Constant constant => constant.Value,
        PythonExpression.ListOf list => list.Items.Select(Evaluate).ToList(),
        PythonExpression.TupleOf tuple => new PythonTuple([.. tuple.Items.Select(Evaluate)]),
        PythonExpression.Unary unary => Unary(unary.Operator, Evaluate(unary.Operand)),
        PythonExpression.Binary binary => Binary(binary.Operator, Evaluate(binary.Left), Evaluate(binary.Right)),
        _ => throw Refused(),
    };

    /// <summary><c>-value</c>.</summary>
    public static object Negate(object? value) => Unary("-", value);

    private static object Unary(string op, object? value) => (op, Widen(value)) switch
    {
        ("-", BigInteger i) => -i,
        ("-", double d) => -d,
        ("+", BigInteger i) => i,
        ("+", double d) => d,
        ("~", BigInteger i) => -i - 1,
        _ => throw Refused(),
    };

    private static object Binary(string op, object? left, object? right) => (Widen(left), Widen(right)) switch
    {
        (BigInteger a, BigInteger b) => Whole(op, a, b),
        (BigInteger a, double b) => Real(op, (double)a, b),
        (double a, BigInteger b) => Real(op, a, (double)b),
        (double a, double b) => Real(op, a, b),
        (string a, string b) when op == "+" => a + b,
        (string a, BigInteger n) when op == "*" => Repeat(a, n),
        (BigInteger n, string a) when op == "*" => Repeat(a, n),
        (List<object?> a, List<object?> b) when op == "+" => a.Concat(b).ToList(),
        (PythonTuple a, PythonTuple b) when op == "+" => new PythonTuple([.. a.Items, .. b.Items]),
        _ => throw Refused(),
    };

    private static object Whole(string op, BigInteger a, BigInteger b)
    {
        switch (op)
        {
            case "+":
                return a + b;
            case "-":
                return a - b;
            case "*":
                return a.GetBitLength() + b.GetBitLength() <= MaxBits ? a * b : throw Refused();
            case "/":
                return b.IsZero ? throw Refused() : Divide(a, b);
            case "//" or "%":
                if (b.IsZero)
                {
                    throw Refused();
                }

                var quotient = BigInteger.DivRem(a, b, out var rest);
                if (!rest.IsZero && (rest.Sign < 0) != (b.Sign < 0))
                {
                    quotient--;
                    rest += b;
                }

                return op == "//" ? quotient : rest;
            case "**":
                return b.Sign < 0 ? a.IsZero ? throw Refused() : System.Math.Pow((double)a, (double)b)
                    : b <= MaxBits && (a.GetBitLength() * (long)b) <= MaxBits ? BigInteger.Pow(a, (int)b) : throw Refused();
            case "&":
                return a & b;
            case "|":
                return a | b;
            case "^":
                return a ^ b;
            case "<<":
                return b.Sign >= 0 && b <= MaxBits ? a << (int)b : throw Refused();
            case ">>":
                return b.Sign >= 0 && b <= MaxBits ? a >> (int)b : throw Refused();
            default:
                throw Refused();
        }
    }

    // Exact for whole numbers that doubles hold exactly, as all arguments of tool calls in practice are.
    private static double Divide(BigInteger a, BigInteger b) => (double)a / (double)b;

    private static double Real(string op, double a, double b)
    {
        if (b == 0 && op is "/" or "//" or "%")
        {
            throw Refused();
        }

        return op switch
        {
            "+" => a + b,
            "-" => a - b,
            "*" => a * b,
            "/" => a / b,
            "//" => System.Math.Floor(a / b),
            "%" => a - (b * System.Math.Floor(a / b)),
            "**" when a >= 0 || System.Math.Floor(b) == b => System.Math.Pow(a, b),
            _ => throw Refused(),
        };
    }

    private static string Repeat(string text, BigInteger times) => times.Sign <= 0 ? ""
        : times * text.Length <= MaxLength ? string.Concat(Enumerable.Repeat(text, (int)times)) : throw Refused();

    private static object? Widen(object? value) => value is bool b ? (b ? BigInteger.One : BigInteger.Zero) : value;

    private static PythonSyntaxException Refused() => new("not an expression of literals");
}
