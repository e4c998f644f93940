using LamdAgent.Domain;
using LamdAgent.Tokenization.Unicode;

namespace LamdAgent.Tokenization.Patterns;

/// <summary>
/// What a tokenizer file searches for: a plain string or a regular expression. Ours and not <c>System.Text.RegularExpressions</c>, because that works on
/// UTF-16: a letter above U+FFFF is two surrogates to it, and neither is a letter.
/// </summary>
internal sealed class Pattern
{
    private readonly string? literal;
    private readonly PatternProgram? program;

    private Pattern(string? literal, PatternProgram? program)
    {
        this.literal = literal;
        this.program = program;
    }

    public static Pattern Literal(string text) =>
        text.Length > 0 ? new Pattern(text, null) : throw new InvalidInputException("tokenizer: an empty string is no pattern");

    public static Pattern Regex(string source) => new(null, PatternProgram.Compile(PatternParser.Parse(source)));

    /// <summary>All matches from left to right, not overlapping (an empty one is not taken right after another match).</summary>
    public List<(int Start, int End)> Matches(string text)
    {
        var matches = new List<(int Start, int End)>();
        if (literal is not null)
        {
            for (var found = text.IndexOf(literal, StringComparison.Ordinal); found >= 0; found = text.IndexOf(literal, found + literal.Length, StringComparison.Ordinal))
            {
                matches.Add((found, found + literal.Length));
            }

            return matches;
        }

        var matcher = new PatternMatcher(text);
        var lastEnd = -1;
        for (var from = 0; from <= text.Length;)
        {
            var (start, end) = (from, -1);
            while (start <= text.Length && (end = matcher.Run(program!, start)) < 0)
            {
                start += start < text.Length ? Length(text, start) : 1;
            }

            if (end < 0)
            {
                break;
            }

            if (end > start || end != lastEnd)
            {
                matches.Add((start, end));
            }

            from = end > start ? end : end + (end < text.Length ? Length(text, end) : 1);
            lastEnd = end;
        }

        return matches;
    }

    private static int Length(string text, int at)
    {
        CodePoints.At(text, at, out var length);
        return length;
    }
}
