using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using LamdAgent.Domain;

namespace LamdAgent.Evaluation.Python;

/// <summary>
/// Regular expressions as Python's <c>re</c> reads them on text. What differs from .NET is rewritten: <c>\w</c>, <c>\s</c>, <c>\b</c> and their
/// opposites, <c>\Z</c>, named groups, and <c>[</c> inside a class. Every expression has a time limit.
/// </summary>
public static class PythonRegex
{
    /// <summary>An expression that needs longer than this on one text is an error.</summary>
    public static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(10);

    private const string Word = @"\p{L}\p{N}_";
    private const string Space = @"\s\x1c-\x1f";
    private const string Boundary = $"(?:(?<=[{Word}])(?![{Word}])|(?<![{Word}])(?=[{Word}]))";
    private const string NoBoundary = $"(?:(?<=[{Word}])(?=[{Word}])|(?<![{Word}])(?![{Word}]))";

    /// <summary>A compiled expression of our own.</summary>
    public static Regex Create(string pattern, RegexOptions options = RegexOptions.None) =>
        new(Translate(pattern), options | RegexOptions.CultureInvariant, TimeLimit);

    /// <summary>An expression that came from outside.</summary>
    /// <exception cref="InvalidInputException">It is not a regular expression.</exception>
    public static Regex FromOutside(string pattern, RegexOptions options)
    {
        try
        {
            return Create(pattern, options);
        }
        catch (ArgumentException e)
        {
            throw new InvalidInputException($"'{pattern}' is not a regular expression: {e.Message}", e);
        }
    }

    /// <summary><c>re.escape</c>.</summary>
    public static string Escape(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (@"()[]{}?*+-|^$\.&~# ".Contains(c, StringComparison.Ordinal) || c is '\t' or '\n' or '\r' or '\v' or '\f')
            {
                result.Append('\\');
            }

            result.Append(c);
        }

        return result.ToString();
    }

    /// <summary>The .NET spelling of a Python expression.</summary>
    public static string Translate(string pattern)
    {
        var result = new StringBuilder(pattern.Length + 16);
        var classStart = -1;
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (c == '\\' && i + 1 < pattern.Length)
            {
                i++;
                result.Append(Escaped(pattern[i], inClass: classStart >= 0));
            }
            else if (classStart >= 0)
            {
                var first = i == classStart || (i == classStart + 1 && pattern[classStart] == '^');
                if (c == ']' && !first)
                {
                    classStart = -1;
                    result.Append(c);
                }
                else
                {
                    // .NET reads "-[" in a class as a subtraction, Python as two characters.
                    result.Append(c is '[' or ']' ? "\\" + c : c.ToString());
                }
            }
            else if (c == '[')
            {
                classStart = i + 1;
                result.Append(c);
            }
            else if (c == '(' && string.CompareOrdinal(pattern, i, "(?P<", 0, 4) == 0)
            {
                result.Append("(?<");
                i += 3;
            }
            else
            {
                result.Append(c);
            }
        }

        return result.ToString();
    }

    private static string Escaped(char c, bool inClass) => (c, inClass) switch
    {
        ('w', true) => Word,
        ('s', true) => Space,
        ('w', false) => $"[{Word}]",
        ('s', false) => $"[{Space}]",
        ('W', false) => $"[^{Word}]",
        ('S', false) => $"[^{Space}]",
        ('b', false) => Boundary,
        ('B', false) => NoBoundary,
        ('Z', false) => @"\z",
        ('A', false) => @"\A",
        _ when char.IsAsciiLetterOrDigit(c) => "\\" + c,
        _ when c > '\u007f' => c.ToString(CultureInfo.InvariantCulture),
        _ => "\\" + c,
    };
}
