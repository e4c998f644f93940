using System.Globalization;
using LamdAgent.Domain;
using LamdAgent.Tokenization.Unicode;

namespace LamdAgent.Tokenization.Patterns;

/// <summary>
/// Reads the regular expressions of tokenizer files: Oniguruma's syntax (kkos/oniguruma doc/RE), as far as a tokenizer can need it. What is not
/// known here (back references, conditionals, absent operators ...) is refused by name.
/// </summary>
internal sealed partial class PatternParser
{
    private const int MaxDepth = 200;

    private readonly string pattern;
    private int at;
    private int depth;
    private bool ignoreCase;
    private bool dotAll;
    private bool extended;

    private PatternParser(string pattern) => this.pattern = pattern;

    public static PatternNode Parse(string pattern)
    {
        var parser = new PatternParser(pattern);
        var node = parser.ParseAlternatives();
        return parser.at == pattern.Length ? node : throw parser.Error("')' without '('");
    }

    private PatternNode ParseAlternatives()
    {
        if (++depth > MaxDepth)
        {
            throw Error("groups are nested too deeply");
        }

        var saved = (ignoreCase, dotAll, extended);
        var alternatives = new List<PatternNode> { ParseSequence() };
        while (Take('|'))
        {
            alternatives.Add(ParseSequence());
        }

        (ignoreCase, dotAll, extended) = saved;
        depth--;
        return alternatives.Count == 1 ? alternatives[0] : new PatternNode.Alternatives(alternatives);
    }

    private PatternNode ParseSequence()
    {
        var parts = new List<PatternNode>();
        while (at < pattern.Length && pattern[at] is not ('|' or ')'))
        {
            if (extended && (char.IsWhiteSpace(pattern[at]) || pattern[at] == '#'))
            {
                SkipExtended();
                continue;
            }

            if (pattern.AsSpan(at).StartsWith("(?#"))
            {
                var close = pattern.IndexOf(')', at);
                at = close < 0 ? throw Error("a comment that does not end") : close + 1;
                continue;
            }

            if (InlineOptions() is { } scoped)
            {
                parts.Add(scoped);
                continue;
            }

            parts.Add(ParseQuantifiers(ParseAtom()));
        }

        return parts.Count switch { 0 => new PatternNode.Empty(), 1 => parts[0], _ => new PatternNode.Sequence(parts) };
    }

    private void SkipExtended()
    {
        if (pattern[at++] == '#')
        {
            while (at < pattern.Length && pattern[at++] != '\n')
            {
            }
        }
    }

    // (?i) holds to the end of the group it is in; what follows, alternatives too, belongs to it.
    private PatternNode? InlineOptions()
    {
        if (!pattern.AsSpan(at).StartsWith("(?"))
        {
            return null;
        }

        var end = at + 2;
        while (end < pattern.Length && (char.IsAsciiLetter(pattern[end]) || pattern[end] == '-'))
        {
            end++;
        }

        if (end == at + 2 || end == pattern.Length || pattern[end] != ')')
        {
            return null;
        }

        var saved = (ignoreCase, dotAll, extended);
        SetOptions(pattern[(at + 2)..end]);
        at = end + 1;
        var rest = ParseAlternatives();
        (ignoreCase, dotAll, extended) = saved;
        return rest;
    }

    private void SetOptions(string letters)
    {
        var on = true;
        foreach (var letter in letters)
        {
            switch (letter)
            {
                case '-':
                    on = false;
                    break;
                case 'i':
                    ignoreCase = on;
                    break;
                case 'm':
                    dotAll = on;
                    break;
                case 'x':
                    extended = on;
                    break;
                default:
                    throw Error($"option '{letter}' is not supported");
            }
        }
    }

    private PatternNode ParseQuantifiers(PatternNode atom)
    {
        while (at < pattern.Length)
        {
            var (min, max, interval) = (0, (int?)null, false);
            switch (pattern[at])
            {
                case '*':
                    at++;
                    break;
                case '+':
                    (min, max) = (1, null);
                    at++;
                    break;
                case '?':
                    (min, max) = (0, 1);
                    at++;
                    break;
                case '{' when Interval() is { } bounds:
                    (min, max, interval) = (bounds.Min, bounds.Max, true);
                    break;
                default:
                    return atom;
            }

            if (atom is PatternNode.Anchor or PatternNode.Look)
            {
                throw Error("a repeated assertion is not supported");
            }

            var mode = PatternNode.RepeatMode.Greedy;
            if (Take('?'))
            {
                mode = interval && min == max ? throw Error("'{n}?' is not supported") : PatternNode.RepeatMode.Lazy;
            }
            else if (!interval && Take('+'))
            {
                mode = PatternNode.RepeatMode.Possessive;
            }

            atom = new PatternNode.Repeat(atom, min, max, mode);
        }

        return atom;
    }

    // {n}, {n,}, {,m}, {n,m}; anything else is a brace that stands for itself.
    private (int Min, int? Max)? Interval()
    {
        var close = pattern.IndexOf('}', at);
        if (close < 0)
        {
            return null;
        }

        var parts = pattern[(at + 1)..close].Split(',');
        if (parts.Length > 2 || parts.Any(part => part.Any(c => !char.IsAsciiDigit(c)) || part.Length > 5) || parts.All(part => part.Length == 0))
        {
            return null;
        }

        at = close + 1;
        var min = parts[0].Length == 0 ? 0 : int.Parse(parts[0], CultureInfo.InvariantCulture);
        int? max = parts.Length == 1 ? min : parts[1].Length == 0 ? null : int.Parse(parts[1], CultureInfo.InvariantCulture);
        return max < min ? throw Error("an interval whose end is before its start") : (min, max);
    }

    private PatternNode ParseAtom()
    {
        var c = pattern[at];
        switch (c)
        {
            case '(':
                return ParseGroup();
            case '[':
                return new PatternNode.Set(new CodePointSet(new PatternClassParser(this).Parse()));
            case '.':
                at++;
                return new PatternNode.Set(new CodePointSet(dotAll ? static _ => true : static x => x != '\n'));
            case '^':
                at++;
                return new PatternNode.Anchor(PatternNode.AnchorKind.LineStart);
            case '$':
                at++;
                return new PatternNode.Anchor(PatternNode.AnchorKind.LineEnd);
            case '*' or '+' or '?':
                throw Error($"'{c}' has nothing to repeat");
            case '\\':
                return ParseEscape();
            default:
                return Literal(NextCodePoint());
        }
    }

    private PatternNode Literal(int codePoint)
    {
        var same = ignoreCase ? CaseFolding.Equivalents(codePoint).ToArray() : [codePoint];
        return same.Length == 1 ? new PatternNode.Literal(codePoint) : new PatternNode.Alternatives([.. same.Select(one => new PatternNode.Literal(one))]);
    }

    private PatternNode ParseGroup()
    {
        at++;
        if (!Take('?'))
        {
            return CloseGroup(ParseAlternatives());
        }

        if (Take(':'))
        {
            return CloseGroup(ParseAlternatives());
        }

        if (Take('='))
        {
            return new PatternNode.Look(CloseGroup(ParseAlternatives()), Behind: false, Negative: false);
        }

        if (Take('!'))
        {
            return new PatternNode.Look(CloseGroup(ParseAlternatives()), Behind: false, Negative: true);
        }

        if (Take('>'))
        {
            return new PatternNode.Atomic(CloseGroup(ParseAlternatives()));
        }

        if (Take('<'))
        {
            if (at < pattern.Length && pattern[at] is '=' or '!')
            {
                var negative = pattern[at++] == '!';
                var body = CloseGroup(ParseAlternatives());
                return body.Width() is { Max: <= 255 } ? new PatternNode.Look(body, Behind: true, negative) : throw Error("look-behind without a limit is not supported");
            }

            var end = pattern.IndexOf('>', at);
            at = end < 0 ? throw Error("a group name that does not end") : end + 1;
            return CloseGroup(ParseAlternatives());
        }

        var colon = at;
        while (colon < pattern.Length && (char.IsAsciiLetter(pattern[colon]) || pattern[colon] == '-'))
        {
            colon++;
        }

        if (colon == at || colon == pattern.Length || pattern[colon] != ':')
        {
            throw Error($"the group '(?{(at < pattern.Length ? pattern[at] : ' ')}' is not supported");
        }

        var saved = (ignoreCase, dotAll, extended);
        SetOptions(pattern[at..colon]);
        at = colon + 1;
        var node = CloseGroup(ParseAlternatives());
        (ignoreCase, dotAll, extended) = saved;
        return node;
    }

    private PatternNode CloseGroup(PatternNode body) => Take(')') ? body : throw Error("'(' without ')'");

    internal bool AtEnd => at >= pattern.Length;

    internal char Current => pattern[at];

    internal bool StartsWith(string text) => pattern.AsSpan(at).StartsWith(text);

    internal void Skip(int count) => at += count;

    internal string? Upto(string end)
    {
        var close = pattern.IndexOf(end, at, StringComparison.Ordinal);
        return close < 0 ? null : pattern[at..close];
    }

    internal bool Take(char c)
    {
        if (at < pattern.Length && pattern[at] == c)
        {
            at++;
            return true;
        }

        return false;
    }

    internal int NextCodePoint()
    {
        var codePoint = CodePoints.At(pattern, at, out var length);
        at += length;
        return codePoint;
    }

    internal InvalidInputException Error(string what) => new($"tokenizer pattern {pattern}: at character {at + 1}: {what}");

    private int HexDigits(int least, int most)
    {
        var start = at;
        while (at < pattern.Length && at - start < most && char.IsAsciiHexDigit(pattern[at]))
        {
            at++;
        }

        return at - start >= least ? int.Parse(pattern.AsSpan(start, at - start), NumberStyles.HexNumber, CultureInfo.InvariantCulture) : throw Error("hexadecimal digits are missing");
    }
}
