using System.Globalization;
using System.Numerics;
using Kinds = LamdAgent.Evaluation.Grading.Mathematics.LatexToken.Kinds;

namespace LamdAgent.Evaluation.Grading.Mathematics;

/// <summary>
/// Reads LaTeX mathematics into an expression with the meaning SymPy's parser gives it: every letter is a symbol (also e, i and \pi), letters side by
/// side are a product, <c>f(x)</c> after a letter is an unknown function, <c>1\frac{1}{2}</c> is a product. Relations, integrals, sums, products,
/// limits, derivatives and brackets of quantum mechanics are refused; an answer that is one equals nothing here. As in the reference, whose grammar
/// does not ask for the end of the text, what cannot go on an expression that is complete so far is left out: <c>2^{10}}</c> and <c>x-(</c> are read.
/// </summary>
internal sealed partial class LatexParser
{
    private const int MaxDepth = 200;

    // Reading again what did not fit may take time that grows fast with nesting; no answer worth reading needs this many steps.
    private const int MaxSteps = 20_000;

    private static readonly HashSet<string> Functions = new(StringComparer.Ordinal)
    {
        @"\exp", @"\log", @"\lg", @"\ln", @"\sin", @"\cos", @"\tan", @"\csc", @"\sec", @"\cot", @"\arcsin", @"\arccos", @"\arctan", @"\arccsc", @"\arcsec", @"\arccot",
        @"\sinh", @"\cosh", @"\tanh", @"\arsinh", @"\arcosh", @"\artanh",
    };

    private static readonly HashSet<string> Relations = new(StringComparer.Ordinal)
        { "<", ">", "=", @"\neq", @"\leq", @"\le", @"\leqq", @"\leqslant", @"\geq", @"\ge", @"\geqq", @"\geqslant" };

    private readonly List<LatexToken> _tokens;
    private int _next;
    private int _depth;
    private int _steps;

    private LatexParser(List<LatexToken> tokens) => _tokens = tokens;

    /// <exception cref="LatexSyntaxException">It cannot be read.</exception>
    public static MathExpression Parse(string text)
    {
        var parser = new LatexParser(LatexLexer.Tokenize(text));
        var result = parser.Additive();
        if (Relations.Contains(parser.Peek.Text))
        {
            throw new LatexSyntaxException("a relation is not a number", isFinal: true);
        }

        return result;
    }

    // A character that no token has is an error as soon as it is looked at.
    private LatexToken Peek => _tokens[_next].Kind == Kinds.Bad ? throw new LatexSyntaxException("a character that is no mathematics", isFinal: true) : _tokens[_next];

    private MathExpression? Attempt(Func<MathExpression> read)
    {
        var (next, depth, bars) = (_next, _depth, _insideBars);
        try
        {
            return read();
        }
        catch (LatexSyntaxException e) when (!e.IsFinal)
        {
            (_next, _depth, _insideBars) = (next, depth, bars);
            return null;
        }
    }

    private bool At(string text) => Peek.Text == text && Peek.Kind is Kinds.Sign or Kinds.Command;

    private bool Accept(string text)
    {
        var yes = At(text) && Peek.Text == text;
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

    private LatexSyntaxException Unexpected() => new($"unexpected '{Peek.Text}'");

    private MathExpression Additive()
    {
        if (++_depth > MaxDepth)
        {
            throw new LatexSyntaxException("nested too deep");
        }

        var left = Multiplicative(functions: true);
        while (At("+") || At("-"))
        {
            var minus = At("-");
            if (Attempt(() => Next(() => Multiplicative(functions: true))) is not { } right)
            {
                break;
            }

            left = new MathExpression.Sum(left, minus ? MathExpression.Negate(right) : right);
        }

        _depth--;
        return left;
    }

    // Without functions: the argument of a function that has no brackets ends before the next function.
    private MathExpression Multiplicative(bool functions)
    {
        var left = Unary(functions);
        while (At("*") || At(@"\times") || At(@"\cdot") || At("/") || At(@"\div") || At(":"))
        {
            var divides = At("/") || At(@"\div") || At(":");
            if (Attempt(() => Next(() => Unary(functions))) is not { } right)
            {
                break;
            }

            left = divides ? MathExpression.Divide(left, right) : new MathExpression.Product(left, right);
        }

        return left;
    }

    private MathExpression Next(Func<MathExpression> read)
    {
        _next++;
        return read();
    }

    private MathExpression Unary(bool functions)
    {
        var negative = false;
        while (At("+") || At("-"))
        {
            negative ^= At("-");
            _next++;
        }

        var factors = new List<MathExpression> { Postfix() };
        while (StartsFactor(functions) && Attempt(Postfix) is { } factor)
        {
            factors.Add(factor);
        }

        // 2x3: between two things without symbols, x is a multiplication sign.
        for (var i = 1; i < factors.Count - 1; i++)
        {
            if (factors[i] is MathExpression.Symbol { Name: "x" } && !HasSymbols(factors[i - 1]) && !HasSymbols(factors[i + 1]))
            {
                factors[i] = MathExpression.Of(1);
            }
        }

        var product = factors.Aggregate((left, right) => new MathExpression.Product(left, right));
        return negative ? MathExpression.Negate(product) : product;
    }

    private bool StartsFactor(bool functions) => Peek.Kind switch
    {
        Kinds.Digit or Kinds.Letter or Kinds.Symbol or Kinds.Differential => true,
        Kinds.Sign => Peek.Text is "(" or "[" or "{" or @"\{" || (Peek.Text == "|" && !_insideBars),
        Kinds.Command => Peek.Text is @"\frac" or @"\dfrac" or @"\tfrac" or @"\binom" or @"\dbinom" or @"\tbinom" or @"\mathit" or @"\lfloor" or @"\lceil"
            || (functions && (Functions.Contains(Peek.Text) || Peek.Text is @"\sqrt" or @"\overline")) || RefusesCommand(),
        _ => false,
    };

    private bool RefusesCommand() => Peek.Text is @"\int" or @"\sum" or @"\prod" or @"\lim" or @"\langle"
        ? throw new LatexSyntaxException($"'{Peek.Text}' is not covered", isFinal: true)
        : false;

    private bool _insideBars;

    private MathExpression Postfix()
    {
        var value = Powers();
        while (Accept("!"))
        {
            value = new MathExpression.Function("factorial", value);
        }

        return value;
    }

    private MathExpression Powers()
    {
        var value = Component();
        while (At("^") && Attempt(() => Next(AtomOrBraces)) is { } exponent)
        {
            value = new MathExpression.Power(value, exponent);
        }

        return value;
    }

    private MathExpression AtomOrBraces()
    {
        if (Accept("{"))
        {
            return Closed("}");
        }

        return Atom();
    }

    private MathExpression Closed(string close)
    {
        var outer = _insideBars;
        _insideBars = close == "|";
        var value = Additive();
        _insideBars = outer;
        Expect(close);
        return value;
    }

    private MathExpression Component()
    {
        if (++_steps > MaxSteps)
        {
            throw new LatexSyntaxException("too involved", isFinal: true);
        }

        var token = Peek;
        if (token.Kind == Kinds.Sign)
        {
            _next++;
            return token.Text switch
            {
                "(" => Closed(")"),
                "[" => Closed("]"),
                "{" => Closed("}"),
                @"\{" => Closed(@"\}"),
                "|" => new MathExpression.Function("abs", Closed("|")),
                _ => throw new LatexSyntaxException($"unexpected '{token.Text}'"),
            };
        }

        if (token.Kind == Kinds.Command)
        {
            if (Functions.Contains(token.Text))
            {
                return FunctionCall();
            }

            switch (token.Text)
            {
                case @"\sqrt":
                    return Root();
                case @"\lfloor":
                    _next++;
                    return new MathExpression.Function("floor", Closed(@"\rfloor"));
                case @"\lceil":
                    _next++;
                    return new MathExpression.Function("ceil", Closed(@"\rceil"));
                case @"\overline":
                    _next++;
                    Expect("{");
                    return new MathExpression.Function("conjugate", Closed("}"));
            }
        }

        if (token.Kind is Kinds.Letter or Kinds.Symbol && TryUnknownFunction() is { } unknown)
        {
            return unknown;
        }

        return Atom();
    }

    // f(x): a letter right before round brackets is a function's name, if what is in them can be its arguments.
    private MathExpression.Unknown? TryUnknownFunction()
    {
        return (MathExpression.Unknown?)Attempt(() =>
        {
            var name = Name();
            Expect("(");
            var arguments = new List<MathExpression> { Additive() };
            while (Accept(","))
            {
                arguments.Add(Additive());
            }

            Expect(")");
            return new MathExpression.Unknown(name, arguments);
        });
    }
}
