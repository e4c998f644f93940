using System.Text;
using Kinds = LamdAgent.Evaluation.Python.PythonToken.Kinds;

namespace LamdAgent.Evaluation.Python;

/// <summary>
/// Parses one Python expression (<c>ast.parse(text, mode="eval")</c>). Nothing is executed. Operators follow Python's precedence table; constructs that
/// no tool-call decoder can use are recognised, so that text after them is read rightly, but not kept.
/// </summary>
internal sealed partial class PythonParser
{
    // Depth of recursion that always fits on a thread's stack; brackets are limited to 200 by the lexer, chains of signs by this.
    private const int MaxDepth = 400;

    private readonly List<PythonToken> _tokens;
    private int _next;
    private int _depth;

    private PythonParser(List<PythonToken> tokens) => _tokens = tokens;

    /// <exception cref="PythonSyntaxException">It is not an expression.</exception>
    public static PythonExpression Parse(string text)
    {
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw new PythonSyntaxException("a null character");
        }

        var parser = new PythonParser(PythonLexer.Tokenize(text));
        var result = parser.ExpressionList();
        return parser.Peek.Kind == Kinds.End ? result : throw parser.Unexpected();
    }

    private PythonToken Peek => _tokens[_next];

    private PythonToken Take() => _tokens[_next++];

    private bool At(string text) => Peek.Kind is Kinds.Operator or Kinds.Keyword && Peek.Text == text;

    private bool Accept(string text)
    {
        var yes = At(text);
        _next += yes ? 1 : 0;
        return yes;
    }

    private void Expect(string text)
    {
        if (!Accept(text))
        {
            throw Unexpected();
        }
    }

    private PythonSyntaxException Unexpected() => new($"unexpected '{Peek.Text}'");

    // a, b, c without brackets is a tuple.
    private PythonExpression ExpressionList()
    {
        var first = StarredOrExpression();
        if (!At(","))
        {
            return first is PythonExpression.Starred ? throw Unexpected() : first;
        }

        var items = new List<PythonExpression> { first };
        while (Accept(",") && Peek.Kind != Kinds.End)
        {
            items.Add(StarredOrExpression());
        }

        return new PythonExpression.TupleOf(items);
    }

    private PythonExpression StarredOrExpression() => Accept("*") ? new PythonExpression.Starred(Binary(BitOrPrecedence)) : Expression();

    private PythonExpression Expression()
    {
        if (++_depth > MaxDepth)
        {
            throw new PythonSyntaxException("nested too deep");
        }

        var result = At("lambda") ? Lambda() : Conditional();
        _depth--;
        return result;
    }

    private PythonExpression.Other Lambda()
    {
        Take();
        while (!Accept(":"))
        {
            if (Peek.Kind is not (Kinds.Name or Kinds.Operator) || At(")") || At("]") || At("}"))
            {
                throw Unexpected();
            }

            if (Accept("="))
            {
                Expression();
            }
            else
            {
                Take();
            }
        }

        Expression();
        return new PythonExpression.Other();
    }

    private PythonExpression Conditional()
    {
        var value = Or();
        if (Accept("if"))
        {
            Or();
            Expect("else");
            Expression();
            return new PythonExpression.Other();
        }

        return value;
    }

    private PythonExpression Or()
    {
        var left = And();
        while (Accept("or"))
        {
            And();
            left = new PythonExpression.Other();
        }

        return left;
    }

    private PythonExpression And()
    {
        var left = Not();
        while (Accept("and"))
        {
            Not();
            left = new PythonExpression.Other();
        }

        return left;
    }

    private PythonExpression Not()
    {
        var nots = 0;
        while (Accept("not"))
        {
            nots++;
        }

        var value = Comparison();
        for (; nots > 0; nots--)
        {
            value = new PythonExpression.Unary("not ", value);
        }

        return value;
    }

    private PythonExpression Comparison()
    {
        var left = Binary(BitOrPrecedence);
        while (true)
        {
            if (Peek.Kind == Kinds.Operator && Peek.Text is "<" or ">" or "==" or ">=" or "<=" or "!=" || At("in"))
            {
                Take();
            }
            else if (Accept("is"))
            {
                Accept("not");
            }
            else if (At("not") && _tokens[_next + 1].Text == "in")
            {
                _next += 2;
            }
            else
            {
                return left;
            }

            Binary(BitOrPrecedence);
            left = new PythonExpression.Other();
        }
    }

    internal const int BitOrPrecedence = 1;

    internal static int Precedence(string op) => op switch
    {
        "|" => BitOrPrecedence,
        "^" => 2,
        "&" => 3,
        "<<" or ">>" => 4,
        "+" or "-" => 5,
        "*" or "/" or "//" or "%" or "@" => 6,
        _ => 0,
    };

    private PythonExpression Binary(int minimum)
    {
        var left = UnaryOrPower();
        while (Peek.Kind == Kinds.Operator && Precedence(Peek.Text) is var precedence && precedence >= minimum)
        {
            var op = Take().Text;
            left = new PythonExpression.Binary(op, left, Binary(precedence + 1));
        }

        return left;
    }

    private PythonExpression UnaryOrPower()
    {
        if (Peek.Kind == Kinds.Operator && Peek.Text is "+" or "-" or "~")
        {
            if (++_depth > MaxDepth)
            {
                throw new PythonSyntaxException("nested too deep");
            }

            var op = Take().Text;
            var operand = UnaryOrPower();
            _depth--;
            return new PythonExpression.Unary(op, operand);
        }

        var value = Primary();
        return Accept("**") ? new PythonExpression.Binary("**", value, UnaryOrPower()) : value;
    }
}
