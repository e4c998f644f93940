using System.Globalization;
using System.Numerics;
using LamdAgent.Tokenization.Templates.Values;
using static LamdAgent.Tokenization.Templates.TemplateTokenKind;

namespace LamdAgent.Tokenization.Templates;

/// <summary>Expressions: what follows an operand (members, subscripts, calls, filters, tests).</summary>
internal sealed partial class ExpressionParser
{
    private Expression ParsePostfix(Expression node)
    {
        while (true)
        {
            if (tokens.SkipOperator("."))
            {
                var member = tokens.Next();
                node = member.Kind switch
                {
                    Name => new Expression.Attribute(node, member.Text),
                    Integer => new Expression.Item(node, new Expression.Constant(BigInteger.Parse(member.Text, CultureInfo.InvariantCulture))),
                    _ => throw tokens.Error("a name is expected after '.'"),
                };
            }
            else if (tokens.SkipOperator("["))
            {
                node = new Expression.Item(node, ParseSubscript());
            }
            else if (tokens.Current.IsOperator("("))
            {
                node = new Expression.Call(node, ParseArguments());
            }
            else
            {
                return node;
            }
        }
    }

    private Expression ParseSubscript()
    {
        var items = new List<Expression>();
        while (!tokens.SkipOperator("]"))
        {
            if (items.Count > 0)
            {
                tokens.ExpectOperator(",");
            }

            items.Add(ParseSubscriptItem());
        }

        return items.Count == 1 ? items[0] : new Expression.TupleOf(items);
    }

    private Expression ParseSubscriptItem()
    {
        Expression? start = null;
        if (!tokens.Current.IsOperator(":"))
        {
            start = Parse();
            if (!tokens.Current.IsOperator(":"))
            {
                return start;
            }
        }

        tokens.ExpectOperator(":");
        var stop = SliceEnds() ? null : Parse();
        var step = tokens.SkipOperator(":") && !SliceEnds() ? Parse() : null;
        return new Expression.Slice(start, stop, step);
    }

    private bool SliceEnds() => tokens.Current is { Kind: Operator, Text: ":" or "]" or "," };

    private Expression ParseFilterExpression(Expression node)
    {
        while (true)
        {
            if (tokens.SkipOperator("|"))
            {
                node = new Expression.Filter(node, ParseDottedName(), tokens.Current.IsOperator("(") ? ParseArguments() : Expression.Arguments.None);
            }
            else if (tokens.SkipName("is"))
            {
                node = ParseTest(node);
            }
            else if (tokens.Current.IsOperator("("))
            {
                node = new Expression.Call(node, ParseArguments());
            }
            else
            {
                return node;
            }
        }
    }

    private string ParseDottedName()
    {
        var name = tokens.Expect(Name).Text;
        while (tokens.SkipOperator("."))
        {
            name += "." + tokens.Expect(Name).Text;
        }

        return name;
    }

    private Expression ParseTest(Expression node)
    {
        var negated = tokens.SkipName("not");
        var name = ParseDottedName();
        var arguments = Expression.Arguments.None;
        if (tokens.Current.IsOperator("("))
        {
            arguments = ParseArguments();
        }
        else if ((tokens.Current.Kind is Name or TemplateTokenKind.String or Integer or Float || tokens.Current is { Kind: Operator, Text: "(" or "[" or "{" })
            && tokens.Current is not { Kind: Name, Text: "else" or "or" or "and" or "if" or "in" or "not" or "is" or "recursive" })
        {
            arguments = new Expression.Arguments([ParsePostfix(ParsePrimary())], [], null, null);
        }
        else if (tokens.Current.IsName("is"))
        {
            throw tokens.Error("tests cannot be chained with 'is'");
        }

        Expression test = new Expression.Test(node, name, arguments);
        return negated ? new Expression.Not(test) : test;
    }

    private Expression.Arguments ParseArguments()
    {
        var positional = new List<Expression>();
        var named = new List<(string Name, Expression Value)>();
        Expression? unpacked = null, unpackedNamed = null;
        tokens.ExpectOperator("(");
        var first = true;
        while (!tokens.SkipOperator(")"))
        {
            if (!first)
            {
                tokens.ExpectOperator(",");
                if (tokens.SkipOperator(")"))
                {
                    break;
                }
            }

            first = false;
            if (tokens.SkipOperator("**"))
            {
                unpackedNamed = Parse();
            }
            else if (tokens.SkipOperator("*"))
            {
                unpacked = Parse();
            }
            else if (tokens.Current.Kind == Name && tokens.Following.IsOperator("="))
            {
                var name = tokens.Next().Text;
                tokens.Next();
                named.Add((name, Parse()));
            }
            else
            {
                positional.Add(named.Count == 0 && unpackedNamed is null ? Parse() : throw tokens.Error("a positional argument follows a named one"));
            }
        }

        return new Expression.Arguments(positional, named, unpacked, unpackedNamed);
    }
}
