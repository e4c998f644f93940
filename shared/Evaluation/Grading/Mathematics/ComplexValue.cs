using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace LamdAgent.Evaluation.Grading.Mathematics;

/// <summary>The value of an expression at one of a few fixed complex points; a symbol's value depends on its name and the point only.</summary>
internal static class ComplexValue
{
    public static Complex Of(MathExpression expression, int point) => expression switch
    {
        MathExpression.Number number => Math.Exp(BigInteger.Log(BigInteger.Abs(number.Numerator)) - BigInteger.Log(number.Denominator)) is var size && number.Numerator.GetBitLength() > 900
            ? number.Numerator.Sign * size
            : (double)number.Numerator / (double)number.Denominator,
        MathExpression.Symbol symbol => Random("symbol " + symbol.Name, point),
        MathExpression.Sum sum => Of(sum.Left, point) + Of(sum.Right, point),
        MathExpression.Product product => Of(product.Left, point) * Of(product.Right, point),
        MathExpression.Power power => Power(Of(power.Base, point), power.Exponent, point),
        MathExpression.Function function => Function(function, point),
        MathExpression.Unknown unknown => Unknown(unknown, point),
        _ => Complex.NaN,
    };

    private static Complex Power(Complex value, MathExpression exponent, int point)
    {
        if (ExactValue.Of(exponent) is { } exact)
        {
            if (exact.Denominator.IsOne && BigInteger.Abs(exact.Numerator) <= 64)
            {
                var (n, result) = ((int)BigInteger.Abs(exact.Numerator), Complex.One);
                for (var i = 0; i < n; i++)
                {
                    result *= value;
                }

                return exact.Numerator.Sign < 0 ? 1 / result : result;
            }

            if (exact.Numerator.IsOne && exact.Denominator == 2)
            {
                return Complex.Sqrt(value);
            }
        }

        return value == Complex.Zero ? (Of(exponent, point).Real > 0 ? 0 : Complex.NaN) : Complex.Exp(Of(exponent, point) * Complex.Log(value));
    }

    private static Complex Function(MathExpression.Function function, int point)
    {
        var x = Of(function.Argument, point);
        return function.Name switch
        {
            "exp" => Complex.Exp(x),
            "log" => function.Second is null ? Complex.Log(x) : Complex.Log(x) / Complex.Log(Of(function.Second, point)),
            "sin" => Complex.Sin(x),
            "cos" => Complex.Cos(x),
            "tan" => Complex.Tan(x),
            "csc" => 1 / Complex.Sin(x),
            "sec" => 1 / Complex.Cos(x),
            "cot" => Complex.Cos(x) / Complex.Sin(x),
            "arcsin" => Complex.Asin(x),
            "arccos" => Complex.Acos(x),
            "arctan" => Complex.Atan(x),
            "arccsc" => Complex.Asin(1 / x),
            "arcsec" => Complex.Acos(1 / x),
            "arccot" => Complex.Atan(1 / x),
            "sinh" => Complex.Sinh(x),
            "cosh" => Complex.Cosh(x),
            "tanh" => Complex.Tanh(x),
            "arsinh" => Complex.Log(x + Complex.Sqrt((x * x) + 1)),
            "arcosh" => Complex.Log(x + (Complex.Sqrt(x + 1) * Complex.Sqrt(x - 1))),
            "artanh" => 0.5 * (Complex.Log(1 + x) - Complex.Log(1 - x)),
            "abs" => Complex.Abs(x),
            "conjugate" => Complex.Conjugate(x),
            "floor" => new Complex(Math.Floor(x.Real), Math.Floor(x.Imaginary)),
            "ceil" => new Complex(Math.Ceiling(x.Real), Math.Ceiling(x.Imaginary)),
            "factorial" => GammaPlusOne(x),
            "binomial" => Of(function.Second!, point) is var k ? GammaPlusOne(x) / (GammaPlusOne(k) * GammaPlusOne(x - k)) : Complex.NaN,
            _ => Complex.NaN,
        };
    }

    // Some smooth function that is different for every name: equal arguments give equal values.
    private static Complex Unknown(MathExpression.Unknown unknown, int point)
    {
        var sum = Random("function " + unknown.Name, 0);
        for (var i = 0; i < unknown.Arguments.Count; i++)
        {
            sum += Complex.Sin(Of(unknown.Arguments[i], point) * Random($"{unknown.Name} {i}", 0));
        }

        return sum;
    }

    // Real and imaginary part between -1.5 and 1.5, away from 0: all four quadrants occur, so that branches of roots and logarithms show.
    private static Complex Random(string name, int point)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{point} {name}"));
        return new Complex(Part(0), Part(8));

        double Part(int offset)
        {
            var unit = (BitConverter.ToUInt64(hash, offset) >> 11) * (1.0 / (1UL << 53));
            return (hash[offset + 16] & 1) == 0 ? 0.25 + (1.25 * unit) : -0.25 - (1.25 * unit);
        }
    }

    // Lanczos' approximation (g = 7, n = 9) of Gamma(x + 1).
    private static Complex GammaPlusOne(Complex x)
    {
        if (x.Real < -0.5)
        {
            return Math.PI * (-x) / (Complex.Sin(Math.PI * -x) * GammaPlusOne(-x));
        }

        double[] c =
        [
            0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905, -0.13857109526572012,
            9.9843695780195716e-6, 1.5056327351493116e-7,
        ];
        Complex sum = c[0];
        for (var i = 1; i < c.Length; i++)
        {
            sum += c[i] / (x + i);
        }

        var t = x + 7.5;
        return Math.Sqrt(2 * Math.PI) * Complex.Exp(((x + 0.5) * Complex.Log(t)) - t) * sum;
    }
}
