using System.Text;
using Kinds = LamdAgent.Evaluation.Python.PythonToken.Kinds;

namespace LamdAgent.Evaluation.Python;

/// <summary>
/// Parses one Python expression (<c>ast.parse(text, mode="eval")</c>). Nothing is executed. Operators follow Python's precedence table; constructs that
/// no tool-call decoder can use are recognised, so that text after them is read rightly, but not kept.
/// </summary>
internal sealed class PythonParser
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

    private PythonExpression Primary()
    {
        var value = Atom();
        while (true)
        {
            if (Accept("."))
            {
                value = Peek.Kind == Kinds.Name ? new PythonExpression.Attribute(value, Take().Text) : throw Unexpected();
            }
            else if (Accept("("))
            {
                value = CallOf(value);
            }
            else if (Accept("["))
            {
                value = new PythonExpression.Subscript(value, Index());
            }
            else
            {
                return value;
            }
        }
    }

    private PythonExpression.Call CallOf(PythonExpression function)
    {
        var arguments = new List<PythonExpression>();
        var keywords = new List<(string?, PythonExpression)>();
        var mapping = false;
        while (!Accept(")"))
        {
            if (Accept("**"))
            {
                keywords.Add((null, Expression()));
                mapping = true;
            }
            else if (Peek.Kind == Kinds.Name && _tokens[_next + 1] is { Kind: Kinds.Operator, Text: "=" })
            {
                var name = Take().Text;
                Take();
                keywords.Add((name, Expression()));
            }
            else
            {
                var argument = StarredOrExpression();
                if (argument is not PythonExpression.Starred ? keywords.Count > 0 : mapping)
                {
                    throw new PythonSyntaxException("positional argument follows keyword argument");
                }

                if (Accept(":="))
                {
                    Expression();
                    argument = new PythonExpression.Other();
                }

                if (At("for") || At("async"))
                {
                    SkipComprehension();
                    argument = new PythonExpression.Other();
                }

                arguments.Add(argument);
            }

            if (!At(")"))
            {
                Expect(",");
                if (arguments.Count == 0 && keywords.Count == 0)
                {
                    throw Unexpected();
                }
            }
        }

        return new PythonExpression.Call(function, arguments, keywords);
    }

    private PythonExpression Index()
    {
        var items = new List<PythonExpression>();
        var comma = false;
        while (!Accept("]"))
        {
            items.Add(SliceOrExpression());
            comma = At(",");
            if (!At("]"))
            {
                Expect(",");
            }
        }

        return items.Count == 0 ? throw Unexpected() : items.Count == 1 && !comma && items[0] is not PythonExpression.Starred ? items[0] : new PythonExpression.TupleOf(items);
    }

    private PythonExpression SliceOrExpression()
    {
        var lower = At(":") ? null : StarredOrExpression();
        if (!At(":"))
        {
            return lower!;
        }

        Take();
        var upper = At(":") || At(",") || At("]") ? null : Expression();
        var step = Accept(":") && !At(",") && !At("]") ? Expression() : null;
        return lower is PythonExpression.Starred ? throw Unexpected() : new PythonExpression.Slice(lower, upper, step);
    }

    private PythonExpression Atom()
    {
        var token = Take();
        switch (token.Kind)
        {
            case Kinds.Name:
                return new PythonExpression.Name(token.Text);
            case Kinds.Number:
                return new PythonExpression.Constant(token.Value);
            case Kinds.Text or Kinds.FormattedText:
                return Text(token);
            case Kinds.Keyword when token.Text is "True" or "False":
                return new PythonExpression.Constant(token.Text == "True");
            case Kinds.Keyword when token.Text == "None":
                return new PythonExpression.Constant(null);
            case Kinds.Operator when token.Text == "...":
                return new PythonExpression.Constant(new PythonOpaque("ellipsis", "..."));
            case Kinds.Operator when token.Text == "(":
                return Parenthesised();
            case Kinds.Operator when token.Text == "[":
                return Items("]", out var listOther) is var list && listOther ? new PythonExpression.Other() : new PythonExpression.ListOf(list);
            case Kinds.Operator when token.Text == "{":
                return Braces();
            default:
                _next--;
                throw Unexpected();
        }
    }

    // Neighbouring literals are one text.
    private PythonExpression Text(PythonToken first)
    {
        var formatted = first.Kind == Kinds.FormattedText;
        var parts = new List<object?> { first.Value };
        while (Peek.Kind is Kinds.Text or Kinds.FormattedText)
        {
            formatted |= Peek.Kind == Kinds.FormattedText;
            parts.Add(Take().Value);
        }

        var bytes = parts.Count(part => part is PythonOpaque);
        if (bytes > 0 && (bytes < parts.Count || formatted))
        {
            throw new PythonSyntaxException("bytes and text side by side");
        }

        return formatted ? new PythonExpression.Other()
            : bytes > 0 ? new PythonExpression.Constant(new PythonOpaque("bytes", string.Concat(parts.Select(part => ((PythonOpaque)part!).Text))))
            : new PythonExpression.Constant(new StringBuilder().AppendJoin("", parts).ToString());
    }

    private PythonExpression Parenthesised()
    {
        if (Accept(")"))
        {
            return new PythonExpression.TupleOf([]);
        }

        if (At("yield"))
        {
            throw Unexpected();
        }

        var items = Items(")", out var other, out var trailingComma);
        return other ? new PythonExpression.Other()
            : items.Count > 1 || trailingComma ? new PythonExpression.TupleOf(items)
            : items[0] is PythonExpression.Starred ? throw Unexpected() : items[0];
    }

    private List<PythonExpression> Items(string close, out bool other) => Items(close, out other, out _);

    private List<PythonExpression> Items(string close, out bool other, out bool trailingComma)
    {
        var items = new List<PythonExpression>();
        other = false;
        trailingComma = false;
        while (!Accept(close))
        {
            items.Add(StarredOrExpression());
            trailingComma = false;
            if (Accept(":="))
            {
                Expression();
                other = true;
            }

            if (At("for") || At("async"))
            {
                SkipComprehension();
                other = true;
            }

            if (!At(close))
            {
                Expect(",");
                trailingComma = true;
            }
        }

        return items;
    }

    private PythonExpression Braces()
    {
        if (Accept("}"))
        {
            return new PythonExpression.DictOf([]);
        }

        var start = _next;
        if (!At("**"))
        {
            StarredOrExpression();
            if (!At(":"))
            {
                _next = start;
                var set = Items("}", out var setOther);
                return setOther ? new PythonExpression.Other() : new PythonExpression.SetOf(set);
            }

            _next = start;
        }

        var items = new List<(PythonExpression?, PythonExpression)>();
        var other = false;
        while (!Accept("}"))
        {
            if (Accept("**"))
            {
                items.Add((null, Binary(BitOrPrecedence)));
            }
            else
            {
                var key = Expression();
                Expect(":");
                items.Add((key, Expression()));
            }

            if (At("for") || At("async"))
            {
                SkipComprehension();
                other = true;
            }

            if (!At("}"))
            {
                Expect(",");
            }
        }

        return other ? new PythonExpression.Other() : new PythonExpression.DictOf(items);
    }

    private void SkipComprehension()
    {
        while (At("for") || At("async") || At("if"))
        {
            if (Accept("if"))
            {
                Or();
                continue;
            }

            Accept("async");
            Expect("for");
            do
            {
                StarredOrTarget();
            }
            while (Accept(",") && !At("in"));
            Expect("in");
            Or();
        }
    }

    private void StarredOrTarget()
    {
        Accept("*");
        Primary();
    }
}
