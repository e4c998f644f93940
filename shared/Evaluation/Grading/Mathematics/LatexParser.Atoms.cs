using System.Globalization;
using System.Numerics;
using Kinds = LamdAgent.Evaluation.Grading.Mathematics.LatexToken.Kinds;

namespace LamdAgent.Evaluation.Grading.Mathematics;

// Numbers, symbols, fractions, roots and functions.
internal sealed partial class LatexParser
{
    private MathExpression Atom()
    {
        var token = Peek;
        switch (token.Kind)
        {
            case Kinds.Digit:
                return Number();
            case Kinds.Letter or Kinds.Symbol:
                var name = Name();
                return name == @"\infty" ? throw new LatexSyntaxException("infinity minus infinity is not 0") : new MathExpression.Symbol(name);
            case Kinds.Differential:
                _next++;
                return new MathExpression.Symbol(token.Text);
            case Kinds.Command when token.Text is @"\frac" or @"\dfrac" or @"\tfrac":
                _next++;
                var upper = DigitOrBraces();
                return MathExpression.Divide(upper, DigitOrBraces());
            case Kinds.Command when token.Text is @"\binom" or @"\dbinom" or @"\tbinom":
                _next++;
                Expect("{");
                var n = Closed("}");
                Expect("{");
                return new MathExpression.Function("binomial", n, Closed("}"));
            case Kinds.Command when token.Text == @"\mathit":
                _next++;
                Expect("{");
                var text = "";
                while (Peek.Kind is Kinds.Letter or Kinds.Differential)
                {
                    text += _tokens[_next++].Text;
                }

                Expect("}");
                return new MathExpression.Symbol(text);
            default:
                throw Unexpected();
        }
    }

    private MathExpression DigitOrBraces()
    {
        if (Peek.Kind == Kinds.Digit)
        {
            return MathExpression.Of(_tokens[_next++].Text[0] - '0');
        }

        Expect("{");
        return Closed("}");
    }

    // A letter or command with its index and primes.
    private string Name()
    {
        var name = _tokens[_next++].Text;
        while (At("'") || At("_"))
        {
            if (Accept("'"))
            {
                name += "'";
                continue;
            }

            _next++;
            var start = _next;
            AtomOrBraces();
            name += "_" + string.Concat(_tokens.Skip(start).Take(_next - start).Select(token => token.Text)).Trim('{', '}');
        }

        return name;
    }

    private MathExpression.Number Number(int maxDigits = int.MaxValue)
    {
        var digits = "";
        while (Peek.Kind == Kinds.Digit && digits.Length < maxDigits)
        {
            digits += _tokens[_next++].Text;
        }

        while (maxDigits == int.MaxValue && At(",") && Enumerable.Range(1, 3).All(i => _tokens[Math.Min(_next + i, _tokens.Count - 1)].Kind == Kinds.Digit))
        {
            digits += string.Concat(_tokens.Skip(_next + 1).Take(3).Select(token => token.Text));
            _next += 4;
        }

        var decimals = 0;
        if (maxDigits == int.MaxValue && Accept("."))
        {
            while (Peek.Kind == Kinds.Digit)
            {
                digits += _tokens[_next++].Text;
                decimals++;
            }

            if (decimals == 0)
            {
                throw Unexpected();
            }
        }

        // The reference reads the digits as a Python literal.
        if (decimals == 0 && digits.Length > 1 && digits[0] == '0' && digits.Any(c => c != '0'))
        {
            throw new LatexSyntaxException("leading zeros", isFinal: true);
        }

        return new MathExpression.Number(BigInteger.Parse(digits, CultureInfo.InvariantCulture), BigInteger.Pow(10, decimals));
    }

    private MathExpression Root()
    {
        _next++;
        var index = Accept("[") ? Closed("]") : MathExpression.Of(2);
        Expect("{");
        return new MathExpression.Power(Closed("}"), MathExpression.Divide(MathExpression.Of(1), index));
    }

    // \log_28 is the logarithm of 8 to the base 2: an index or power takes as many digits as leave an argument.
    private MathExpression FunctionCall()
    {
        var name = _tokens[_next++].Text[1..];
        var start = _next;
        var depth = _depth;
        for (var digits = int.MaxValue; ;)
        {
            try
            {
                return FunctionCall(name, digits);
            }
            catch (LatexSyntaxException e) when (!e.IsFinal)
            {
                var run = start + 1;
                while (run < _tokens.Count && _tokens[run].Kind == Kinds.Digit)
                {
                    run++;
                }

                digits = Math.Min(digits, run - start - 1) - 1;
                if (digits < 1 || _tokens[start].Text is not ("_" or "^"))
                {
                    throw;
                }

                (_next, _depth) = (start, depth);
            }
        }
    }

    private MathExpression FunctionCall(string name, int digits)
    {
        MathExpression? index = null;
        MathExpression? power = null;
        while ((At("_") && index is null) || (At("^") && power is null))
        {
            var isIndex = At("_");
            _next++;
            var value = Peek.Kind == Kinds.Digit ? Number(digits) : AtomOrBraces();
            (index, power) = isIndex ? (value, power) : (index, value);
        }

        MathExpression argument;
        if (Accept("("))
        {
            argument = Additive();
            while (Accept(","))
            {
                Additive();
            }

            Expect(")");
        }
        else
        {
            argument = Multiplicative(functions: false);
        }

        if (name is "log" or "lg")
        {
            index ??= MathExpression.Of(10);
        }

        var isInverse = power is MathExpression.Product { Left: MathExpression.Number { Numerator.Sign: -1 } } product && product.Right == MathExpression.Of(1);
        if (isInverse && name is "sin" or "cos" or "tan" or "csc" or "sec" or "cot")
        {
            return new MathExpression.Function("arc" + name, argument);
        }

        MathExpression call = name switch
        {
            "log" or "lg" or "ln" => new MathExpression.Function("log", argument, index),
            _ => new MathExpression.Function(name, argument),
        };
        return power is null ? call : new MathExpression.Power(call, power);
    }

    private static bool HasSymbols(MathExpression expression) => expression switch
    {
        MathExpression.Symbol => true,
        MathExpression.Sum sum => HasSymbols(sum.Left) || HasSymbols(sum.Right),
        MathExpression.Product product => HasSymbols(product.Left) || HasSymbols(product.Right),
        MathExpression.Power power => HasSymbols(power.Base) || HasSymbols(power.Exponent),
        MathExpression.Function function => HasSymbols(function.Argument) || (function.Second is { } second && HasSymbols(second)),
        MathExpression.Unknown unknown => unknown.Arguments.Any(HasSymbols),
        _ => false,
    };
}
