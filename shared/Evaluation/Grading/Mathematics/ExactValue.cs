using System.Numerics;

namespace LamdAgent.Evaluation.Grading.Mathematics;

/// <summary>Expressions of rational numbers, computed exactly.</summary>
internal static class ExactValue
{
    private const int MaxExponent = 10_000;
    private const int MaxFactorial = 2000;

    /// <summary>The reduced fraction, or null when the expression is not made of rational numbers, or is too large.</summary>
    public static (BigInteger Numerator, BigInteger Denominator)? Of(MathExpression expression) => expression switch
    {
        MathExpression.Number number => Reduce(number.Numerator, number.Denominator),
        MathExpression.Sum sum when Of(sum.Left) is { } a && Of(sum.Right) is { } b =>
            Reduce((a.Numerator * b.Denominator) + (b.Numerator * a.Denominator), a.Denominator * b.Denominator),
        MathExpression.Product product when Of(product.Left) is { } a && Of(product.Right) is { } b => Reduce(a.Numerator * b.Numerator, a.Denominator * b.Denominator),
        MathExpression.Power power when Of(power.Base) is { } a && Of(power.Exponent) is { } n && n.Denominator.IsOne => Power(a, n.Numerator),
        MathExpression.Function { Name: "factorial" } function when Of(function.Argument) is { } a && a.Denominator.IsOne && a.Numerator.Sign >= 0 && a.Numerator <= MaxFactorial =>
            (Enumerable.Range(1, (int)a.Numerator).Aggregate(BigInteger.One, (product, i) => product * i), BigInteger.One),
        MathExpression.Function { Name: "binomial" } function when Of(function.Argument) is { } n && Of(function.Second!) is { } k => Binomial(n, k),
        MathExpression.Function { Name: "abs" } function when Of(function.Argument) is { } a => (BigInteger.Abs(a.Numerator), a.Denominator),
        MathExpression.Function { Name: "conjugate" } function => Of(function.Argument),
        MathExpression.Function { Name: "floor" } function when Of(function.Argument) is { } a => (Floor(a), BigInteger.One),
        MathExpression.Function { Name: "ceil" } function when Of(function.Argument) is { } a => (-Floor((-a.Numerator, a.Denominator)), BigInteger.One),
        _ => null,
    };

    private static (BigInteger, BigInteger)? Reduce(BigInteger numerator, BigInteger denominator)
    {
        if (denominator.IsZero)
        {
            throw new LatexSyntaxException("division by zero");
        }

        var divisor = BigInteger.GreatestCommonDivisor(numerator, denominator) * denominator.Sign;
        return (numerator / divisor, denominator / divisor);
    }

    private static (BigInteger, BigInteger)? Power((BigInteger Numerator, BigInteger Denominator) value, BigInteger exponent)
    {
        if (BigInteger.Abs(exponent) > MaxExponent || (value.Numerator.GetBitLength() + value.Denominator.GetBitLength()) * (long)BigInteger.Abs(exponent) > 1_000_000)
        {
            throw new LatexSyntaxException("a power is too large");
        }

        var n = (int)BigInteger.Abs(exponent);
        var (numerator, denominator) = (BigInteger.Pow(value.Numerator, n), BigInteger.Pow(value.Denominator, n));
        return exponent.Sign < 0 ? Reduce(denominator, numerator) : Reduce(numerator, denominator);
    }

    private static (BigInteger, BigInteger)? Binomial((BigInteger Numerator, BigInteger Denominator) n, (BigInteger Numerator, BigInteger Denominator) k)
    {
        if (!n.Denominator.IsOne || !k.Denominator.IsOne || n.Numerator.Sign < 0 || n.Numerator > MaxFactorial)
        {
            return null;
        }

        if (k.Numerator.Sign < 0 || k.Numerator > n.Numerator)
        {
            return (BigInteger.Zero, BigInteger.One);
        }

        var result = BigInteger.One;
        for (var i = 1; i <= (int)k.Numerator; i++)
        {
            result = result * (n.Numerator - i + 1) / i;
        }

        return (result, BigInteger.One);
    }

    private static BigInteger Floor((BigInteger Numerator, BigInteger Denominator) value)
    {
        var quotient = BigInteger.DivRem(value.Numerator, value.Denominator, out var rest);
        return rest.Sign < 0 ? quotient - 1 : quotient;
    }
}
