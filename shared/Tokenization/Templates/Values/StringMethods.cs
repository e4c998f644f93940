using System.Globalization;
using System.Numerics;
using System.Text;
using LamdAgent.Tokenization.Unicode;

namespace LamdAgent.Tokenization.Templates.Values;

/// <summary>The methods of Python's str. Nothing here can reach beyond the text it is given.</summary>
internal static class StringMethods
{
    public static Func<CallArguments, object>? Find(string text, string name) => name switch
    {
        "strip" => call => Strip(text, Chars(call), true, true),
        "lstrip" => call => Strip(text, Chars(call), true, false),
        "rstrip" => call => Strip(text, Chars(call), false, true),
        "split" => call => Split(text, call, fromRight: false),
        "rsplit" => call => Split(text, call, fromRight: true),
        "splitlines" => call => SplitLines(text, call.Flag("keepends", false)),
        "startswith" => call => Affix(text, call, static (t, affix) => t.StartsWith(affix, StringComparison.Ordinal)),
        "endswith" => call => Affix(text, call, static (t, affix) => t.EndsWith(affix, StringComparison.Ordinal)),
        "removeprefix" => call => call.Text("prefix") is var prefix && text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text,
        "removesuffix" => call => call.Text("suffix") is var suffix && suffix.Length > 0 && text.EndsWith(suffix, StringComparison.Ordinal) ? text[..^suffix.Length] : text,
        "replace" => call => Replace(text, call.Text("old"), call.Text("new"), call.Int("count", -1)),
        "upper" => _ => Upper(text),
        "lower" => _ => Lower(text),
        "casefold" => _ => Lower(text).Replace("ß", "ss", StringComparison.Ordinal),
        "capitalize" => _ => Capitalize(text),
        "title" => _ => Title(text),
        "swapcase" => _ => string.Concat(PythonText.CodePointsOf(text).Cast<string>().Select(static c => Upper(c) == c ? Lower(c) : Upper(c))),
        "find" => call => (BigInteger)Index(text, call.Text("sub"), last: false),
        "rfind" => call => (BigInteger)Index(text, call.Text("sub"), last: true),
        "index" => call => Found(Index(text, call.Text("sub"), last: false)),
        "rindex" => call => Found(Index(text, call.Text("sub"), last: true)),
        "count" => call => (BigInteger)Count(text, call.Text("sub")),
        "join" => call => Join(text, PythonOperators.Iterate(call.Required("iterable"))),
        "partition" => call => Partition(text, call.Text("sep"), last: false),
        "rpartition" => call => Partition(text, call.Text("sep"), last: true),
        "ljust" => call => Pad(text, call, static (t, n, fill) => t + Fill(fill, n)),
        "rjust" => call => Pad(text, call, static (t, n, fill) => Fill(fill, n) + t),
        "center" => call => Pad(text, call, static (t, n, fill) => Fill(fill, (n / 2)) + t + Fill(fill, n - (n / 2))),
        "zfill" => call => ZeroFill(text, call.Int("width")),
        "isdigit" or "isdecimal" or "isnumeric" => _ => All(text, name switch { "isdecimal" => IsDecimal, "isdigit" => IsDigit, _ => static c => c is < 0xD800 or > 0xDFFF && CharUnicodeInfo.GetNumericValue(char.ConvertFromUtf32(c), 0) >= 0 }),
        "isalpha" => _ => All(text, IsLetter),
        "isalnum" => _ => All(text, static c => IsLetter(c) || IsDigit(c)),
        "isspace" => _ => All(text, IsSpace),
        "isupper" => _ => text.Any(char.IsLetter) && Upper(text) == text && Lower(text) != text,
        "islower" => _ => text.Any(char.IsLetter) && Lower(text) == text && Upper(text) != text,
        "istitle" => _ => text.Any(char.IsLetter) && Title(text) == text,
        "isascii" => _ => Ascii.IsValid(text),
        "expandtabs" => call => text.Replace("\t", new string(' ', Math.Clamp(call.Int("tabsize", 8), 0, 64)), StringComparison.Ordinal),
        "format" => call => TextFormat.Braces(text, call),
        _ => null,
    };

    public static string Strip(string text, string? characters, bool left, bool right)
    {
        var set = characters is null ? null : PythonText.CodePointsOf(characters).Cast<string>().Select(static c => CodePoints.At(c, 0, out _)).ToHashSet();
        bool Takes(int codePoint) => set?.Contains(codePoint) ?? IsSpace(codePoint);
        var (start, end) = (0, text.Length);
        while (left && start < end && Takes(CodePoints.At(text, start, out var length)))
        {
            start += length;
        }

        while (right && end > start && Takes(CodePoints.Before(text, end, out var length)))
        {
            end -= length;
        }

        return text[start..end];
    }

    public static string Replace(string text, string old, string replacement, int count)
    {
        if (count == 0)
        {
            return text;
        }

        if (old.Length == 0)
        {
            var parts = PythonText.CodePointsOf(text).Cast<string>().ToList();
            var limit = count < 0 ? int.MaxValue : count;
            PythonText.Allow(text.Length + ((long)parts.Count + 1) * replacement.Length);
            return string.Concat(parts.Select((c, i) => i < limit ? replacement + c : c)) + (parts.Count < limit ? replacement : "");
        }

        var occurrences = Count(text, old);
        PythonText.Allow(text.Length + ((long)(count < 0 ? occurrences : Math.Min(count, occurrences)) * (replacement.Length - old.Length)));
        if (count < 0)
        {
            return text.Replace(old, replacement, StringComparison.Ordinal);
        }

        var builder = new StringBuilder();
        var at = 0;
        for (var found = text.IndexOf(old, StringComparison.Ordinal); found >= 0 && count-- > 0; found = text.IndexOf(old, at, StringComparison.Ordinal))
        {
            builder.Append(text, at, found - at).Append(replacement);
            at = found + old.Length;
        }

        return builder.Append(text, at, text.Length - at).ToString();
    }

    public static string Join(string separator, IReadOnlyList<object> items)
    {
        var builder = new StringBuilder();
        for (var i = 0; i < items.Count; i++)
        {
            var item = items[i] as string ?? throw (items[i] is Undefined undefined
                ? undefined.Error()
                : PythonOperators.Type($"sequence item {i}: expected str instance, {PythonText.TypeName(items[i])} found"));
            PythonText.Allow((long)builder.Length + separator.Length + item.Length);
            builder.Append(i == 0 ? "" : separator).Append(item);
        }

        return builder.ToString();
    }

    public static List<object> SplitLines(string text, bool keepEnds)
    {
        var lines = new List<object>();
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is not ((>= '\n' and <= '\r') or (>= '\x1c' and <= '\x1e') or '\u0085' or '\u2028' or '\u2029'))
            {
                continue;
            }

            var end = text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n' ? i + 2 : i + 1;
            lines.Add(text[start..(keepEnds ? end : i)]);
            start = end;
            i = end - 1;
        }

        if (start < text.Length)
        {
            lines.Add(text[start..]);
        }

        return lines;
    }

    public static string Upper(string text) => text.ToUpperInvariant().Replace("ß", "SS", StringComparison.Ordinal);

    public static string Lower(string text) => text.ToLowerInvariant().Replace("İ", "i̇", StringComparison.Ordinal);

    public static string Capitalize(string text)
    {
        if (text.Length == 0)
        {
            return text;
        }

        CodePoints.At(text, 0, out var length);
        return (text[0] == 'ß' ? "Ss" : Upper(text[..length])) + Lower(text[length..]);
    }

    public static bool IsSpace(int codePoint) => CodePoints.IsWhiteSpace(codePoint) || codePoint is >= 0x1C and <= 0x1F;

    private static string? Chars(CallArguments call) => call.Optional("chars") switch
    {
        null or None => null,
        string text => text,
        Undefined undefined => throw undefined.Error(),
        _ => throw call.Error("takes None or str"),
    };

    private static List<object> Split(string text, CallArguments call, bool fromRight)
    {
        var separator = Chars(call);
        var limit = call.Int("maxsplit", -1);
        limit = limit < 0 ? int.MaxValue : limit;
        var parts = new List<object>();
        if (separator is null)
        {
            return SplitWhiteSpace(text, limit, fromRight);
        }

        if (separator.Length == 0)
        {
            throw PythonOperators.Type("empty separator");
        }

        if (fromRight)
        {
            var end = text.Length;
            while (parts.Count < limit && text.AsSpan(0, end).LastIndexOf(separator) is var found && found >= 0)
            {
                parts.Add(text[(found + separator.Length)..end]);
                end = found;
            }

            parts.Add(text[..end]);
            parts.Reverse();
            return parts;
        }

        var start = 0;
        while (parts.Count < limit && text.IndexOf(separator, start, StringComparison.Ordinal) is var at && at >= 0)
        {
            parts.Add(text[start..at]);
            start = at + separator.Length;
        }

        parts.Add(text[start..]);
        return parts;
    }

    private static List<object> SplitWhiteSpace(string text, int limit, bool fromRight)
    {
        var parts = new List<object>();
        if (fromRight)
        {
            var end = text.Length;
            while (Strip(text[..end], null, false, true) is { Length: > 0 } rest)
            {
                end = rest.Length;
                if (parts.Count == limit)
                {
                    parts.Add(rest);
                    break;
                }

                var start = end;
                while (start > 0 && !IsSpace(text[start - 1]))
                {
                    start--;
                }

                parts.Add(text[start..end]);
                end = start;
            }

            parts.Reverse();
            return parts;
        }

        for (var i = 0; ;)
        {
            while (i < text.Length && IsSpace(text[i]))
            {
                i++;
            }

            if (i == text.Length)
            {
                return parts;
            }

            if (parts.Count == limit)
            {
                parts.Add(text[i..]);
                return parts;
            }

            var start = i;
            while (i < text.Length && !IsSpace(text[i]))
            {
                i++;
            }

            parts.Add(text[start..i]);
        }
    }

    private static object Affix(string text, CallArguments call, Func<string, string, bool> matches) => call.Required("prefix") switch
    {
        string affix => matches(text, affix),
        TemplateTuple affixes => affixes.Items.Any(affix => affix is string one && matches(text, one)),
        Undefined undefined => throw undefined.Error(),
        var other => throw call.Error($"first arg must be str or a tuple of str, not {PythonText.TypeName(other)}"),
    };

    private static string Title(string text)
    {
        var builder = new StringBuilder(text.Length);
        var inWord = false;
        foreach (string c in PythonText.CodePointsOf(text))
        {
            builder.Append(inWord ? Lower(c) : Upper(c));
            inWord = IsLetter(CodePoints.At(c, 0, out _));
        }

        return builder.ToString();
    }

    private static int Index(string text, string part, bool last)
    {
        var at = last ? text.LastIndexOf(part, StringComparison.Ordinal) : text.IndexOf(part, StringComparison.Ordinal);
        return at < 0 ? -1 : PythonText.Length(text[..at]);
    }

    private static object Found(int index) => index >= 0 ? (BigInteger)index : throw PythonOperators.Type("substring not found");

    private static int Count(string text, string part)
    {
        if (part.Length == 0)
        {
            return PythonText.Length(text) + 1;
        }

        return text.AsSpan().Count(part);
    }

    private static TemplateTuple Partition(string text, string separator, bool last)
    {
        if (separator.Length == 0)
        {
            throw PythonOperators.Type("empty separator");
        }

        var at = last ? text.LastIndexOf(separator, StringComparison.Ordinal) : text.IndexOf(separator, StringComparison.Ordinal);
        return at >= 0 ? new TemplateTuple([text[..at], separator, text[(at + separator.Length)..]])
            : last ? new TemplateTuple(["", "", text]) : new TemplateTuple([text, "", ""]);
    }

    private static string Pad(string text, CallArguments call, Func<string, int, string, string> pad)
    {
        var width = call.Int("width");
        var fill = call.Optional("fillchar") as string ?? " ";
        PythonText.Allow(width);
        var missing = width - PythonText.Length(text);
        return missing <= 0 ? text : PythonText.Length(fill) == 1 ? pad(text, missing, fill) : throw call.Error("the fill character must be exactly one character long");
    }

    private static string Fill(string fill, int count) => string.Concat(Enumerable.Repeat(fill, count));

    private static string ZeroFill(string text, int width)
    {
        PythonText.Allow(width);
        var missing = width - PythonText.Length(text);
        var sign = text.Length > 0 && text[0] is '+' or '-' ? 1 : 0;
        return missing <= 0 ? text : text[..sign] + new string('0', missing) + text[sign..];
    }

    private static bool All(string text, Func<int, bool> condition) =>
        text.Length > 0 && PythonText.CodePointsOf(text).Cast<string>().All(c => condition(CodePoints.At(c, 0, out _)));

    private static bool IsLetter(int codePoint) => CharUnicodeInfo.GetUnicodeCategory(codePoint) <= UnicodeCategory.OtherLetter;

    private static bool IsDecimal(int codePoint) => CharUnicodeInfo.GetUnicodeCategory(codePoint) == UnicodeCategory.DecimalDigitNumber;

    private static bool IsDigit(int codePoint) => CharUnicodeInfo.GetDigitValue(char.ConvertFromUtf32(codePoint is >= 0xD800 and <= 0xDFFF ? 0xFFFD : codePoint), 0) >= 0;
}
