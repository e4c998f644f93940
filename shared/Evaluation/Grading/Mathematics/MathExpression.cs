using System.Numerics;

namespace LamdAgent.Evaluation.Grading.Mathematics;

/// <summary>A mathematical expression.</summary>
internal abstract record MathExpression
{
    /// <summary>A number as numerator and denominator; decimals are exact.</summary>
    internal sealed record Number(BigInteger Numerator, BigInteger Denominator) : MathExpression;

    internal sealed record Symbol(string Name) : MathExpression;

    internal sealed record Sum(MathExpression Left, MathExpression Right) : MathExpression;

    internal sealed record Product(MathExpression Left, MathExpression Right) : MathExpression;

    internal sealed record Power(MathExpression Base, MathExpression Exponent) : MathExpression;

    /// <summary>A known function (<c>sin</c>, <c>log</c> with its base as second argument, <c>factorial</c> ...).</summary>
    internal sealed record Function(string Name, MathExpression Argument, MathExpression? Second = null) : MathExpression;

    /// <summary>A function that is only a name: <c>f(x, y)</c>.</summary>
    internal sealed record Unknown(string Name, IReadOnlyList<MathExpression> Arguments) : MathExpression;

    public static Number Of(int value) => new(value, 1);

    public static MathExpression Negate(MathExpression value) => new Product(Of(-1), value);

    public static MathExpression Divide(MathExpression value, MathExpression by) => new Product(value, new Power(by, Of(-1)));
}
