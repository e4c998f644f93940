using System.Globalization;
using System.Numerics;
using LamdAgent.Tokenization.Templates.Values;
using static LamdAgent.Tokenization.Templates.TemplateTokenKind;

namespace LamdAgent.Tokenization.Templates;

/// <summary>Expressions, with the precedence of pallets/jinja src/jinja2/parser.py.</summary>
internal sealed partial class ExpressionParser(TemplateTokens tokens)
{
    private const int MaxNesting = 100;
    private int nesting;

    public Expression Parse(bool withConditional = true)
    {
        if (++nesting > MaxNesting)
        {
            throw tokens.Error("expressions are nested too deeply");
        }

        var expression = withConditional ? ParseConditional() : ParseOr();
        nesting--;
        return expression;
    }

    /// <summary>An expression, or several with commas between them, which make a tuple.</summary>
    public Expression ParseTuple(bool withConditional, bool explicitParentheses = false)
    {
        var items = new List<Expression>();
        var isTuple = false;
        while (!TupleEnds())
        {
            items.Add(Parse(withConditional));
            if (!tokens.Current.IsOperator(","))
            {
                break;
            }

            tokens.Next();
            isTuple = true;
        }

        if (!isTuple && items.Count > 0)
        {
            return items[0];
        }

        return items.Count > 0 || explicitParentheses ? new Expression.TupleOf(items) : throw tokens.Error("an expression is missing");
    }

    /// <summary>What can be assigned to: a name, <c>ns.name</c>, or several names.</summary>
    public Expression ParseTarget(bool withNamespace)
    {
        var items = new List<Expression>();
        var isTuple = false;
        while (true)
        {
            items.Add(ParseSingleTarget(withNamespace));
            if (!tokens.SkipOperator(","))
            {
                break;
            }

            isTuple = true;
            if (tokens.Current.Kind != Name && !tokens.Current.IsOperator("("))
            {
                break;
            }
        }

        return isTuple ? new Expression.TupleOf(items) : items[0];
    }

    /// <summary>A chain of filters: <c>| a | b(1)</c>; with <paramref name="first"/> the first one has no bar.</summary>
    public List<Expression.Filter> ParseFilters(bool first = false)
    {
        var filters = new List<Expression.Filter>();
        while (first || tokens.SkipOperator("|"))
        {
            first = false;
            filters.Add(new Expression.Filter(null, ParseDottedName(), tokens.Current.IsOperator("(") ? ParseArguments() : Expression.Arguments.None));
        }

        return filters;
    }

    private Expression ParseSingleTarget(bool withNamespace)
    {
        if (tokens.SkipOperator("("))
        {
            var inner = ParseTarget(withNamespace);
            tokens.ExpectOperator(")");
            return inner;
        }

        var name = tokens.Expect(Name).Text;
        if (Reserved(name) is not null || (name == "loop" && !withNamespace))
        {
            throw tokens.Error($"'{name}' cannot be assigned to");
        }

        return withNamespace && tokens.SkipOperator(".") ? new Expression.Attribute(new Expression.Name(name), tokens.Expect(Name).Text) : new Expression.Name(name);
    }

    private bool TupleEnds() =>
        tokens.Current.Kind is VariableEnd or BlockEnd or End || tokens.Current.IsOperator(")") || tokens.Current.IsName("in") || tokens.Current.IsName("recursive");

    private Expression ParseConditional()
    {
        var expression = ParseOr();
        while (tokens.SkipName("if"))
        {
            var condition = ParseOr();
            var otherwise = tokens.SkipName("else") ? Parse() : null;
            expression = new Expression.Conditional(condition, expression, otherwise);
        }

        return expression;
    }

    private Expression ParseOr()
    {
        var left = ParseAnd();
        while (tokens.SkipName("or"))
        {
            left = new Expression.Or(left, ParseAnd());
        }

        return left;
    }

    private Expression ParseAnd()
    {
        var left = ParseNot();
        while (tokens.SkipName("and"))
        {
            left = new Expression.And(left, ParseNot());
        }

        return left;
    }

    private Expression ParseNot()
    {
        var count = 0;
        while (tokens.Current.IsName("not") && !tokens.Following.IsName("in"))
        {
            tokens.Next();
            count++;
        }

        var operand = ParseCompare();
        return count == 0 ? operand : count % 2 == 1 ? new Expression.Not(operand) : new Expression.Not(new Expression.Not(operand));
    }

    private Expression ParseCompare()
    {
        var first = ParseSum();
        var rest = new List<(string Operator, Expression Right)>();
        while (true)
        {
            if (tokens.Current is { Kind: Operator, Text: "==" or "!=" or "<" or "<=" or ">" or ">=" })
            {
                rest.Add((tokens.Next().Text, ParseSum()));
            }
            else if (tokens.SkipName("in"))
            {
                rest.Add(("in", ParseSum()));
            }
            else if (tokens.Current.IsName("not") && tokens.Following.IsName("in"))
            {
                tokens.Next();
                tokens.Next();
                rest.Add(("not in", ParseSum()));
            }
            else
            {
                return rest.Count == 0 ? first : new Expression.Compare(first, rest);
            }
        }
    }

    private Expression ParseSum()
    {
        var left = ParseConcat();
        while (tokens.Current is { Kind: Operator, Text: "+" or "-" })
        {
            left = new Expression.Arithmetic(tokens.Next().Text, left, ParseConcat());
        }

        return left;
    }

    private Expression ParseConcat()
    {
        var parts = new List<Expression> { ParseProduct() };
        while (tokens.SkipOperator("~"))
        {
            parts.Add(ParseProduct());
        }

        return parts.Count == 1 ? parts[0] : new Expression.Concat(parts);
    }

    private Expression ParseProduct()
    {
        var left = ParsePower();
        while (tokens.Current is { Kind: Operator, Text: "*" or "/" or "//" or "%" })
        {
            left = new Expression.Arithmetic(tokens.Next().Text, left, ParsePower());
        }

        return left;
    }

    private Expression ParsePower()
    {
        var left = ParseUnary(withFilters: true);
        while (tokens.SkipOperator("**"))
        {
            left = new Expression.Arithmetic("**", left, ParseUnary(withFilters: true));
        }

        return left;
    }

    private Expression ParseUnary(bool withFilters)
    {
        if (++nesting > MaxNesting)
        {
            throw tokens.Error("expressions are nested too deeply");
        }

        var node = tokens.Current switch
        {
            { Kind: Operator, Text: "-" } => new Expression.Sign(SkipThen(() => ParseUnary(withFilters: false)), Negative: true),
            { Kind: Operator, Text: "+" } => new Expression.Sign(SkipThen(() => ParseUnary(withFilters: false)), Negative: false),
            _ => ParsePrimary(),
        };
        node = ParsePostfix(node);
        node = withFilters ? ParseFilterExpression(node) : node;
        nesting--;
        return node;
    }

    private Expression SkipThen(Func<Expression> parse)
    {
        tokens.Next();
        return parse();
    }

    private static object? Reserved(string name) => name switch
    {
        "true" or "True" => true,
        "false" or "False" => false,
        "none" or "None" => None.Value,
        _ => null,
    };

    private Expression ParsePrimary()
    {
        var token = tokens.Next();
        switch (token.Kind)
        {
            case Name:
                return Reserved(token.Text) is { } constant ? new Expression.Constant(constant) : new Expression.Name(token.Text);
            case TemplateTokenKind.String:
                var text = token.Text;
                while (tokens.Current.Kind == TemplateTokenKind.String)
                {
                    text += tokens.Next().Text;
                }

                return new Expression.Constant(text);
            case Integer:
                return new Expression.Constant(BigInteger.Parse(token.Text, CultureInfo.InvariantCulture));
            case Float:
                return new Expression.Constant(double.Parse(token.Text, CultureInfo.InvariantCulture));
            case Operator when token.Text == "(":
                var tuple = ParseTuple(withConditional: true, explicitParentheses: true);
                tokens.ExpectOperator(")");
                return tuple;
            case Operator when token.Text == "[":
                return ParseList();
            case Operator when token.Text == "{":
                return ParseDict();
            default:
                throw tokens.Error($"unexpected {(token.Kind == End ? "end of the template" : $"'{token.Text}'")}");
        }
    }

    private Expression.ListOf ParseList()
    {
        var items = new List<Expression>();
        while (!tokens.SkipOperator("]"))
        {
            if (items.Count > 0)
            {
                tokens.ExpectOperator(",");
                if (tokens.SkipOperator("]"))
                {
                    break;
                }
            }

            items.Add(Parse());
        }

        return new Expression.ListOf(items);
    }

    private Expression.DictOf ParseDict()
    {
        var items = new List<(Expression Key, Expression Value)>();
        while (!tokens.SkipOperator("}"))
        {
            if (items.Count > 0)
            {
                tokens.ExpectOperator(",");
                if (tokens.SkipOperator("}"))
                {
                    break;
                }
            }

            var key = Parse();
            tokens.ExpectOperator(":");
            items.Add((key, Parse()));
        }

        return new Expression.DictOf(items);
    }
}
