using System.Globalization;
using LamdAgent.Tokenization.Unicode;

namespace LamdAgent.Tokenization.Patterns;

/// <summary>A set of code points, whole Unicode: a bitmap for the basic plane, the predicate itself above it.</summary>
internal sealed class CodePointSet
{
    private readonly ulong[] plane0 = new ulong[0x10000 / 64];
    private readonly Func<int, bool> contains;

    public CodePointSet(Func<int, bool> contains)
    {
        this.contains = contains;
        for (var codePoint = 0; codePoint < 0x10000; codePoint++)
        {
            if (contains(codePoint))
            {
                plane0[codePoint >> 6] |= 1UL << (codePoint & 63);
            }
        }
    }

    public bool Contains(int codePoint) => codePoint < 0x10000 ? (plane0[codePoint >> 6] >> (codePoint & 63) & 1) != 0 : contains(codePoint);

    /// <summary>The predicate of a property as Oniguruma names it (<c>L</c>, <c>Lu</c>, <c>Han</c>, <c>Alpha</c> ...), or null when it is not known here.</summary>
    public static Func<int, bool>? Property(string name)
    {
        var key = name.Replace("_", "").Replace(" ", "").Replace("-", "").ToUpperInvariant();
        return key switch
        {
            "L" or "LETTER" => Categories("Lu Ll Lt Lm Lo"),
            "LU" or "UPPERCASELETTER" => Categories("Lu"),
            "LL" or "LOWERCASELETTER" => Categories("Ll"),
            "LT" or "TITLECASELETTER" => Categories("Lt"),
            "LC" or "CASEDLETTER" => Categories("Lu Ll Lt"),
            "LM" or "MODIFIERLETTER" => Categories("Lm"),
            "LO" or "OTHERLETTER" => Categories("Lo"),
            "M" or "MARK" or "COMBININGMARK" => Categories("Mn Mc Me"),
            "MN" or "NONSPACINGMARK" => Categories("Mn"),
            "MC" or "SPACINGMARK" => Categories("Mc"),
            "ME" or "ENCLOSINGMARK" => Categories("Me"),
            "N" or "NUMBER" => Categories("Nd Nl No"),
            "ND" or "DECIMALNUMBER" or "DIGIT" => Categories("Nd"),
            "NL" or "LETTERNUMBER" => Categories("Nl"),
            "NO" or "OTHERNUMBER" => Categories("No"),
            "P" or "PUNCTUATION" => Categories("Pc Pd Ps Pe Pi Pf Po"),
            "PC" or "CONNECTORPUNCTUATION" => Categories("Pc"),
            "PD" or "DASHPUNCTUATION" => Categories("Pd"),
            "PS" or "OPENPUNCTUATION" => Categories("Ps"),
            "PE" or "CLOSEPUNCTUATION" => Categories("Pe"),
            "PI" or "INITIALPUNCTUATION" => Categories("Pi"),
            "PF" or "FINALPUNCTUATION" => Categories("Pf"),
            "PO" or "OTHERPUNCTUATION" => Categories("Po"),
            "S" or "SYMBOL" => Categories("Sm Sc Sk So"),
            "SM" or "MATHSYMBOL" => Categories("Sm"),
            "SC" or "CURRENCYSYMBOL" => Categories("Sc"),
            "SK" or "MODIFIERSYMBOL" => Categories("Sk"),
            "SO" or "OTHERSYMBOL" => Categories("So"),
            "Z" or "SEPARATOR" => Categories("Zs Zl Zp"),
            "ZS" or "SPACESEPARATOR" => Categories("Zs"),
            "ZL" or "LINESEPARATOR" => Categories("Zl"),
            "ZP" or "PARAGRAPHSEPARATOR" => Categories("Zp"),
            "C" or "OTHER" => Categories("Cc Cf Cs Co Cn"),
            "CC" or "CONTROL" or "CNTRL" => Categories("Cc"),
            "CF" or "FORMAT" => Categories("Cf"),
            "CS" or "SURROGATE" => Categories("Cs"),
            "CO" or "PRIVATEUSE" => Categories("Co"),
            "CN" or "UNASSIGNED" => Categories("Cn"),
            "ANY" => static _ => true,
            "ASCII" => static c => c < 0x80,
            "SPACE" or "WHITESPACE" => CodePoints.IsWhiteSpace,
            "BLANK" => static c => c == 9 || CharUnicodeInfo.GetUnicodeCategory(c) == UnicodeCategory.SpaceSeparator,
            "ALPHA" or "ALPHABETIC" => static c => CodePoints.IsWord(c) && Categories("Nd Pc")(c) is false && c is not (0x200C or 0x200D),
            "ALNUM" => static c => CodePoints.IsWord(c) && CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.ConnectorPunctuation && c is not (0x200C or 0x200D),
            "WORD" => IsWord,
            "UPPER" => Categories("Lu"),
            "LOWER" => Categories("Ll"),
            "XDIGIT" => static c => c < 0x80 && char.IsAsciiHexDigit((char)c),
            "PUNCT" => static c => Categories("Pc Pd Ps Pe Pi Pf Po")(c) || c is '$' or '+' or '<' or '=' or '>' or '^' or '`' or '|' or '~',
            "HAN" => static c => In(c, Scripts.Han),
            "HIRAGANA" => static c => In(c, Scripts.Hiragana),
            "KATAKANA" => static c => In(c, Scripts.Katakana),
            "HANGUL" => static c => In(c, Scripts.Hangul),
            "THAI" => static c => In(c, Scripts.Thai),
            _ => null,
        };
    }

    /// <summary>Oniguruma's <c>\w</c>: letters, marks, decimal digits, connectors.</summary>
    public static bool IsWord(int codePoint) => CharUnicodeInfo.GetUnicodeCategory(codePoint) is <= UnicodeCategory.DecimalDigitNumber or UnicodeCategory.ConnectorPunctuation;

    private static Func<int, bool> Categories(string names)
    {
        var mask = 0u;
        foreach (var name in names.Split(' '))
        {
            mask |= 1u << Array.IndexOf(CategoryNames, name);
        }

        return codePoint => (mask >> (int)CharUnicodeInfo.GetUnicodeCategory(codePoint) & 1) != 0;
    }

    // In the order of System.Globalization.UnicodeCategory.
    private static readonly string[] CategoryNames =
    [
        "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po",
        "Sm", "Sc", "Sk", "So", "Cn",
    ];

    private static bool In(int codePoint, (int First, int Last)[] ranges)
    {
        foreach (var (first, last) in ranges)
        {
            if (codePoint >= first && codePoint <= last)
            {
                return true;
            }
        }

        return false;
    }
}
