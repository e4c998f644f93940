using System.Numerics;

namespace LamdAgent.Evaluation.Grading.Mathematics;

/// <summary>
/// Whether two LaTeX texts are the same mathematics. The reference simplifies their difference with SymPy and asks whether it is 0. Here both are
/// computed exactly where they are made of rational numbers, and otherwise at several complex points, as far as doubles reach (12 digits): equal
/// expressions agree everywhere; different ones differ at almost every point. Decimals are exact, so 0.333 is not a third.
/// </summary>
internal static class LatexEquality
{
    private const double Tolerance = 1e-12;
    private const int Points = 6;

    /// <summary>False when either text cannot be read, as in the reference.</summary>
    public static bool AreEqual(string first, string second)
    {
        try
        {
            var (a, b) = (LatexParser.Parse(first), LatexParser.Parse(second));
            if (ExactValue.Of(a) is { } x && ExactValue.Of(b) is { } y)
            {
                return x == y;
            }

            for (var point = 0; point < Points; point++)
            {
                var (u, v) = (ComplexValue.Of(a, point), ComplexValue.Of(b, point));
                if (!Complex.IsFinite(u) || !Complex.IsFinite(v) || Complex.Abs(u - v) > Tolerance * Math.Max(1, Math.Max(Complex.Abs(u), Complex.Abs(v))))
                {
                    return false;
                }
            }

            return true;
        }
        catch (LatexSyntaxException)
        {
            return false;
        }
    }
}
