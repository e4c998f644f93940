using System.Globalization;
using LamdAgent.Tokenization.Unicode;

namespace LamdAgent.Tokenization.Patterns;

/// <summary>Reads the regular expressions of tokenizer files: escapes.</summary>
internal sealed partial class PatternParser
{
    private PatternNode ParseEscape()
    {
        var letter = at + 1 < pattern.Length ? pattern[at + 1] : throw Error("'\\' at the end");
        PatternNode.AnchorKind? anchor = letter switch
        {
            'A' => PatternNode.AnchorKind.TextStart,
            'z' => PatternNode.AnchorKind.TextEnd,
            'Z' => PatternNode.AnchorKind.TextEndOrFinalNewline,
            'b' => PatternNode.AnchorKind.WordBoundary,
            'B' => PatternNode.AnchorKind.NotWordBoundary,
            _ => null,
        };
        if (anchor is { } kind)
        {
            at += 2;
            return new PatternNode.Anchor(kind);
        }

        if (letter == 'R')
        {
            at += 2;
            return new PatternNode.Atomic(new PatternNode.Alternatives(
            [
                new PatternNode.Sequence([new PatternNode.Literal('\r'), new PatternNode.Literal('\n')]),
                new PatternNode.Set(new CodePointSet(static c => c is (>= 10 and <= 13) or 0x85 or 0x2028 or 0x2029)),
            ]));
        }

        return ClassEscape() is { } members ? new PatternNode.Set(new CodePointSet(members)) : Literal(EscapedCodePoint());
    }

    /// <summary>A class escape (<c>\s</c>, <c>\p{L}</c> ...) at the current place, or null when the escape stands for one code point.</summary>
    internal Func<int, bool>? ClassEscape()
    {
        var letter = at + 1 < pattern.Length ? pattern[at + 1] : throw Error("'\\' at the end");
        Func<int, bool>? members = char.ToLowerInvariant(letter) switch
        {
            's' => CodePoints.IsWhiteSpace,
            'd' => CodePointSet.Property("Nd"),
            'w' => CodePointSet.IsWord,
            'h' => CodePointSet.Property("XDigit"),
            _ => null,
        };
        if (members is not null)
        {
            at += 2;
            return char.IsUpper(letter) ? c => !members(c) : members;
        }

        if (letter is not ('p' or 'P'))
        {
            return null;
        }

        var close = at + 2 < pattern.Length && pattern[at + 2] == '{' ? pattern.IndexOf('}', at) : -1;
        if (close < 0)
        {
            throw Error("a property is written \\p{Name}");
        }

        var name = pattern[(at + 3)..close];
        var negated = letter == 'P';
        if (name.StartsWith('^'))
        {
            negated = !negated;
            name = name[1..];
        }

        var property = CodePointSet.Property(name) ?? throw Error($"the property '{name}' is not supported");
        at = close + 1;
        var folded = Folded(property);
        return negated ? c => !folded(c) : folded;
    }

    /// <summary>An escape that stands for one code point.</summary>
    internal int EscapedCodePoint()
    {
        var letter = pattern[++at];
        at++;
        switch (letter)
        {
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'f':
                return '\f';
            case 'v':
                return '\v';
            case 'a':
                return 7;
            case 'e':
                return 27;
            case '0':
                return 0;
            case 'x' when Take('{'):
                var close = pattern.IndexOf('}', at);
                var hex = close < 0 ? throw Error("'\\x{' without '}'") : pattern[at..close];
                at = close + 1;
                return int.TryParse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var value) && value <= 0x10FFFF ? value : throw Error("'\\x{...}' is no code point");
            case 'x':
                return HexDigits(1, 2);
            case 'u':
                return HexDigits(4, 4);
            default:
                if (char.IsAsciiLetterOrDigit(letter))
                {
                    throw Error($"the escape '\\{letter}' is not supported");
                }

                at--;
                return NextCodePoint();
        }
    }

    internal Func<int, bool> Folded(Func<int, bool> members)
    {
        if (!ignoreCase)
        {
            return members;
        }

        return codePoint =>
        {
            foreach (var one in CaseFolding.Equivalents(codePoint))
            {
                if (members(one))
                {
                    return true;
                }
            }

            return false;
        };
    }
}
