using System.Globalization;
using System.Text;

namespace LamdAgent.Tokenization.Unicode;

/// <summary>Reading UTF-16 text by code points. A lone surrogate stands for itself.</summary>
internal static class CodePoints
{
    public static int At(string text, int index, out int length)
    {
        var first = text[index];
        if (char.IsHighSurrogate(first) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]))
        {
            length = 2;
            return char.ConvertToUtf32(first, text[index + 1]);
        }

        length = 1;
        return first;
    }

    /// <summary>The code point that ends before <paramref name="index"/>.</summary>
    public static int Before(string text, int index, out int length)
    {
        var last = text[index - 1];
        if (char.IsLowSurrogate(last) && index >= 2 && char.IsHighSurrogate(text[index - 2]))
        {
            length = 2;
            return char.ConvertToUtf32(text[index - 2], last);
        }

        length = 1;
        return last;
    }

    public static void Append(StringBuilder builder, int codePoint)
    {
        if (codePoint < 0x10000)
        {
            builder.Append((char)codePoint);
        }
        else
        {
            builder.Append((char)(0xD800 + ((codePoint - 0x10000) >> 10))).Append((char)(0xDC00 + ((codePoint - 0x10000) & 0x3FF)));
        }
    }

    public static string ToText(int codePoint) => codePoint < 0x10000 ? ((char)codePoint).ToString() : char.ConvertFromUtf32(codePoint);

    /// <summary>Lone surrogates, which no UTF-8 text can hold, become U+FFFD.</summary>
    public static string Repair(string text)
    {
        var at = FirstLoneSurrogate(text);
        if (at < 0)
        {
            return text;
        }

        var builder = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length;)
        {
            var codePoint = At(text, i, out var length);
            Append(builder, codePoint is >= 0xD800 and <= 0xDFFF ? 0xFFFD : codePoint);
            i += length;
        }

        return builder.ToString();
    }

    /// <summary>Unicode White_Space.</summary>
    public static bool IsWhiteSpace(int codePoint) => codePoint switch
    {
        >= 9 and <= 13 or 32 or 0x85 or 0xA0 => true,
        < 0x1680 => false,
        0x1680 or (>= 0x2000 and <= 0x200A) or 0x2028 or 0x2029 or 0x202F or 0x205F or 0x3000 => true,
        _ => false,
    };

    /// <summary>The word characters of Rust's regex crate (UTS 18): alphabetic, marks, decimal digits, connectors, joiners.</summary>
    public static bool IsWord(int codePoint)
    {
        if (codePoint is 0x200C or 0x200D or (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189))
        {
            return true;
        }

        return CharUnicodeInfo.GetUnicodeCategory(codePoint) is <= UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation;
    }

    private static int FirstLoneSurrogate(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
            {
                continue;
            }

            if (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1]))
            {
                return i;
            }

            i++;
        }

        return -1;
    }
}
