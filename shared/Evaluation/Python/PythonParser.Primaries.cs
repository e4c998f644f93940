using System.Text;
using Kinds = LamdAgent.Evaluation.Python.PythonToken.Kinds;

namespace LamdAgent.Evaluation.Python;

// Names, literals, calls, subscripts and brackets.
internal sealed partial class PythonParser
{
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
