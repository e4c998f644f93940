using System.Globalization;
using System.Text;

namespace LamdAgent.Evaluation.Python;

/// <summary>
/// Text operations with the exact meaning that they have in Python, where the reference graders are written: what counts as white space, how letters
/// are lowered, what upper case is. .NET's own differ in corners (U+001C to U+001F, final sigma, dotted capital I, circled letters).
/// </summary>
public static class PythonText
{
    /// <summary>The 32 characters of <c>string.punctuation</c>.</summary>
    public const string AsciiPunctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

    /// <summary><c>str.isspace</c> for one character.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001c' and <= '\u001f';

    /// <summary><c>str.strip()</c>.</summary>
    public static string Strip(string text) => LeftStrip(RightStrip(text));

    /// <summary><c>str.lstrip()</c>.</summary>
    public static string LeftStrip(string text)
    {
        var start = 0;
        while (start < text.Length && IsSpace(text[start]))
        {
            start++;
        }

        return text[start..];
    }

    /// <summary><c>str.rstrip()</c>.</summary>
    public static string RightStrip(string text)
    {
        var end = text.Length;
        while (end > 0 && IsSpace(text[end - 1]))
        {
            end--;
        }

        return text[..end];
    }

    /// <summary><c>str.split()</c>: the pieces between runs of white space, none of them empty.</summary>
    public static List<string> Split(string text)
    {
        var pieces = new List<string>();
        var start = -1;
        for (var i = 0; i <= text.Length; i++)
        {
            if (i == text.Length || IsSpace(text[i]))
            {
                if (start >= 0)
                {
                    pieces.Add(text[start..i]);
                    start = -1;
                }
            }
            else if (start < 0)
            {
                start = i;
            }
        }

        return pieces;
    }

    /// <summary><c>str.lower()</c>: the full Unicode mapping with its two special cases, the dotted capital I and the final sigma.</summary>
    public static string Lower(string text)
    {
        if (Ascii.IsValid(text))
        {
            return text.ToLowerInvariant();
        }

        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '\u0130':
                    result.Append("i\u0307");
                    break;
                case '\u03a3':
                    result.Append(IsFinalSigma(text, i) ? '\u03c2' : '\u03c3');
                    break;
                case var c when char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]):
                    result.Append(Rune.ToLowerInvariant(new Rune(c, text[i + 1])).ToString());
                    i++;
                    break;
                default:
                    result.Append(char.ToLowerInvariant(text[i]));
                    break;
            }
        }

        return result.ToString();
    }

    /// <summary><c>str.isupper()</c>: at least one cased character, and every cased one is a capital.</summary>
    public static bool IsUpper(string text) => HasCase(text, upper: true);

    /// <summary><c>str.islower()</c>.</summary>
    public static bool IsLower(string text) => HasCase(text, upper: false);

    /// <summary>Number of Unicode code points, which is what <c>len()</c> counts.</summary>
    public static int Length(string text)
    {
        var count = text.Length;
        for (var i = 0; i + 1 < text.Length; i++)
        {
            if (char.IsSurrogatePair(text[i], text[i + 1]))
            {
                count--;
                i++;
            }
        }

        return count;
    }

    /// <summary>The text without the characters of <see cref="AsciiPunctuation"/>; nothing is put in their place.</summary>
    public static string RemovePunctuation(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (!AsciiPunctuation.Contains(c, StringComparison.Ordinal))
            {
                result.Append(c);
            }
        }

        return result.ToString();
    }

    // Unicode's Final_Sigma: a cased letter before (over case-ignorable characters), none after.
    private static bool IsFinalSigma(string text, int index)
    {
        var before = index - 1;
        while (before >= 0 && IsCaseIgnorable(text[before]))
        {
            before--;
        }

        if (before < 0 || !IsCased(text[before]))
        {
            return false;
        }

        var after = index + 1;
        while (after < text.Length && IsCaseIgnorable(text[after]))
        {
            after++;
        }

        return after == text.Length || !IsCased(text[after]);
    }

    private static bool IsCased(char c) => IsUpperRune(c, char.GetUnicodeCategory(c)) || IsLowerRune(c, char.GetUnicodeCategory(c))
        || char.GetUnicodeCategory(c) == UnicodeCategory.TitlecaseLetter;

    private static bool IsCaseIgnorable(char c) => c is '\'' or '.' or ':' or '^' or '`' or '\u00b7' or '\u2019' or '\u2018' or '\u2024' or '\u2027'
        || char.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format
            or UnicodeCategory.ModifierLetter or UnicodeCategory.ModifierSymbol;

    private static bool HasCase(string text, bool upper)
    {
        var any = false;
        foreach (var rune in text.EnumerateRunes())
        {
            var category = Rune.GetUnicodeCategory(rune);
            var isUpper = IsUpperRune(rune.Value, category);
            var isLower = IsLowerRune(rune.Value, category);
            if (category == UnicodeCategory.TitlecaseLetter || (upper ? isLower : isUpper))
            {
                return false;
            }

            any |= upper ? isUpper : isLower;
        }

        return any;
    }

    // Derived properties Uppercase and Lowercase: the categories plus Roman numerals, circled and squared letters, ordinal signs and modifier letters.
    private static bool IsUpperRune(int c, UnicodeCategory category) => category == UnicodeCategory.UppercaseLetter
        || c is >= 0x2160 and <= 0x216f or >= 0x24b6 and <= 0x24cf or >= 0x1f130 and <= 0x1f149 or >= 0x1f150 and <= 0x1f169 or >= 0x1f170 and <= 0x1f189;

    private static bool IsLowerRune(int c, UnicodeCategory category) => category == UnicodeCategory.LowercaseLetter
        || c is 0xaa or 0xba or >= 0x2b0 and <= 0x2b8 or 0x2c0 or 0x2c1 or >= 0x2e0 and <= 0x2e4 or 0x345 or 0x37a
            or >= 0x1d2c and <= 0x1d6a or 0x1d78 or >= 0x1d9b and <= 0x1dbf or 0x2071 or 0x207f or >= 0x2090 and <= 0x209c
            or >= 0x2170 and <= 0x217f or >= 0x24d0 and <= 0x24e9 or 0x2c7c or 0x2c7d or 0xa69c or 0xa69d or 0xa770 or 0xa7f8 or 0xa7f9
            or >= 0xab5c and <= 0xab5f;
}
