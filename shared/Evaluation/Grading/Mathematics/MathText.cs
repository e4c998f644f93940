using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;
using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.Mathematics;

/// <summary>The normalisation of answers that came with the MATH data set (Hendrycks et al., 2021), step by step in its order.</summary>
internal static class MathText
{
    private static readonly Regex PythonInteger = PythonRegex.Create(@"^[+-]?\d+(_\d+)*$");

    /// <summary>The normalised answer, or null where the original script fails.</summary>
    public static string? Normalise(string text)
    {
        text = Replace(text, ("\n", ""), (@"\!", ""), (@"\\", @"\"), ("tfrac", "frac"), ("dfrac", "frac"), (@"\left", ""), (@"\right", ""), (@"^{\circ}", ""), (@"^\circ", ""), (@"\$", ""));
        var units = text.Split(@"\text{ ");
        if (units.Length > 2)
        {
            return null;
        }

        text = Replace(units[0], (@"\%", ""), (" .", " 0."), ("{.", "{0."));
        if (text.Length == 0)
        {
            return text;
        }

        text = text[0] == '.' ? "0" + text : text;
        text = text.Split('=') is [{ } left, { } right] && PythonText.Length(left) <= 2 ? right : text;
        if (FixRoots(text) is not { } rooted || FixFractions(rooted.Replace(" ", "", StringComparison.Ordinal)) is not { } fixedText)
        {
            return null;
        }

        return FixSlash(fixedText == "0.5" ? @"\frac{1}{2}" : fixedText);
    }

    /// <summary>Whether two answers are the same after normalisation; the raw texts decide where it fails.</summary>
    public static bool Equivalent(string a, string b) => (Normalise(a), Normalise(b)) is ({ } x, { } y) ? x == y : a == b;

    private static string Replace(string text, params (string From, string To)[] pairs)
    {
        foreach (var (from, to) in pairs)
        {
            text = text.Replace(from, to, StringComparison.Ordinal);
        }

        return text;
    }

    // \sqrt3 means \sqrt{3}
    private static string? FixRoots(string text)
    {
        var parts = text.Split(@"\sqrt");
        var result = new StringBuilder(parts[0]);
        foreach (var part in parts[1..])
        {
            if (part.Length == 0)
            {
                return null;
            }

            var first = First(part);
            result.Append(part[0] == '{' ? @"\sqrt" + part : $@"\sqrt{{{first}}}{part[first.Length..]}");
        }

        return result.ToString();
    }

    // \frac12 means \frac{1}{2}, \frac1{72} means \frac{1}{72}
    private static string? FixFractions(string text)
    {
        var parts = text.Split(@"\frac");
        var result = new StringBuilder(parts[0]);
        foreach (var part in parts[1..])
        {
            if (part.Length == 0)
            {
                return null;
            }

            if (part[0] == '{')
            {
                result.Append(@"\frac").Append(part);
                continue;
            }

            var upper = First(part);
            if (upper.Length == part.Length)
            {
                return text;
            }

            var lower = First(part[upper.Length..]);
            var rest = part[(upper.Length + lower.Length)..];
            result.Append(lower == "{" ? $@"\frac{{{upper}}}{{{rest}" : $@"\frac{{{upper}}}{{{lower}}}{rest}");
        }

        return result.ToString();
    }

    // Whole numbers 3/4 become \frac{3}{4}; anything else with one slash is an error of the original.
    private static string? FixSlash(string text)
    {
        if (text.Split('/') is not [{ } a, { } b])
        {
            return text;
        }

        if (!PythonInteger.IsMatch(PythonText.Strip(a)) || !PythonInteger.IsMatch(PythonText.Strip(b)))
        {
            return null;
        }

        return BigInteger.TryParse(a, out var x) && BigInteger.TryParse(b, out var y) && text == $"{x}/{y}" ? $@"\frac{{{x}}}{{{y}}}" : text;
    }

    private static string First(string text) => text.Length > 1 && char.IsSurrogatePair(text[0], text[1]) ? text[..2] : text[..1];
}
