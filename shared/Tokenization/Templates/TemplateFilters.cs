using System.Numerics;
using System.Text;
using LamdAgent.Tokenization.Templates.Values;

namespace LamdAgent.Tokenization.Templates;

/// <summary>Jinja's filters on single values (pallets/jinja src/jinja2/filters.py); those on sequences are in <see cref="TemplateSequenceFilters"/>.</summary>
internal static class TemplateFilters
{
    public static Func<object, CallArguments, object>? Find(string name) => name switch
    {
        "abs" => static (value, _) => Absolute(value),
        "attr" => static (value, call) => TemplateMembers.Attribute(value, call.Text("name")),
        "capitalize" => static (value, _) => StringMethods.Capitalize(PythonText.Str(value)),
        "center" => static (value, call) => StringMethods.Find(PythonText.Str(value), "center")!(new CallArguments("center", [(BigInteger)call.Int("width", 80)], new Dictionary<string, object>())),
        "default" or "d" => Default,
        "escape" or "e" or "forceescape" => static (value, _) => Escape(PythonText.Str(value)),
        "float" => ToFloat,
        "format" => static (value, call) => TextFormat.Percent(PythonText.Str(value), new TemplateTuple(call.Positional)),
        "indent" => Indent,
        "int" => ToInt,
        "length" or "count" => static (value, _) => Length(value),
        "lower" => static (value, _) => StringMethods.Lower(PythonText.Str(value)),
        "replace" => static (value, call) => StringMethods.Replace(PythonText.Str(value), PythonText.Str(call.Required("old")), PythonText.Str(call.Required("new")), call.Int("count", -1)),
        "round" => Round,
        "safe" => static (value, _) => value,
        "string" => static (value, _) => PythonText.Str(value),
        "title" => static (value, _) => Title(PythonText.Str(value)),
        "tojson" => ToJson,
        "trim" => static (value, call) => StringMethods.Strip(PythonText.Str(value), call.Optional("chars") as string, true, true),
        "truncate" => Truncate,
        "upper" => static (value, _) => StringMethods.Upper(PythonText.Str(value)),
        "urlencode" => static (value, _) => Uri.EscapeDataString(PythonText.Str(value)).Replace("%2F", "/", StringComparison.Ordinal),
        "wordcount" => static (value, _) => (BigInteger)WordCount(PythonText.Str(value)),
        _ => null,
    };

    public static object Length(object value) => value switch
    {
        string text => (BigInteger)PythonText.Length(text),
        List<object> list => (BigInteger)list.Count,
        TemplateTuple tuple => (BigInteger)tuple.Items.Count,
        TemplateDict dict => (BigInteger)dict.Count,
        TemplateView view => (BigInteger)view.Items.Count,
        Undefined => BigInteger.Zero,
        _ => throw PythonOperators.Type($"object of type '{PythonText.TypeName(value)}' has no len()"),
    };

    private static object Absolute(object value) => PythonNumbers.TryNumber(value, out var number)
        ? number is BigInteger whole ? BigInteger.Abs(whole) : Math.Abs((double)number)
        : throw (value is Undefined undefined ? undefined.Error() : PythonOperators.Type($"bad operand type for abs(): '{PythonText.TypeName(value)}'"));

    private static object Default(object value, CallArguments call)
    {
        var fallback = call.Optional("default_value") ?? "";
        return value is Undefined || (call.Flag("boolean", false) && !PythonOperators.Truth(value)) ? fallback : value;
    }

    private static string Escape(string text) => text.Replace("&", "&amp;", StringComparison.Ordinal).Replace(">", "&gt;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal).Replace("'", "&#39;", StringComparison.Ordinal).Replace("\"", "&#34;", StringComparison.Ordinal);

    private static object ToFloat(object value, CallArguments call)
    {
        var fallback = call.Optional("default") ?? 0.0;
        return PythonNumbers.TryNumber(value, out var number) ? PythonNumbers.ToDouble(number)
            : value is string text && double.TryParse(text.Trim(), System.Globalization.CultureInfo.InvariantCulture, out var parsed) ? parsed : fallback;
    }

    private static object ToInt(object value, CallArguments call)
    {
        var fallback = call.Optional("default") ?? BigInteger.Zero;
        if (call.Int("base", 10) != 10)
        {
            throw call.Error("takes base 10 only");
        }

        return value switch
        {
            string text when BigInteger.TryParse(text.Trim().Replace("_", "", StringComparison.Ordinal), System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out var parsed) => PythonNumbers.Limited(parsed),
            string text when double.TryParse(text.Trim(), System.Globalization.CultureInfo.InvariantCulture, out var real) && double.IsFinite(real) => new BigInteger(Math.Truncate(real)),
            double real when double.IsFinite(real) => new BigInteger(Math.Truncate(real)),
            BigInteger => value,
            bool flag => flag ? BigInteger.One : BigInteger.Zero,
            _ => fallback,
        };
    }

    private static object Indent(object value, CallArguments call)
    {
        var width = call.Optional("width");
        var indent = width is string given ? given : new string(' ', Math.Clamp(width is BigInteger number ? (int)BigInteger.Min(number, 1000) : 4, 0, 1000));
        var first = call.Flag("first", false);
        var blank = call.Flag("blank", false);
        var lines = StringMethods.SplitLines(PythonText.Str(value) + "\n", keepEnds: false).Cast<string>().ToList();
        PythonText.Allow(PythonText.Str(value).Length + ((long)lines.Count * indent.Length));
        return (first ? indent : "") + string.Join('\n', lines.Select((line, i) => i > 0 && (blank || line.Length > 0) ? indent + line : line));
    }

    private static object Round(object value, CallArguments call)
    {
        var precision = call.Int("precision", 0);
        var method = call.Optional("method") as string ?? "common";
        var number = PythonNumbers.TryNumber(value, out var n) ? PythonNumbers.ToDouble(n) : throw PythonOperators.Type($"type {PythonText.TypeName(value)} doesn't define __round__ method");
        var scale = Math.Pow(10, precision);
        return method switch
        {
            "common" => PythonNumbers.Round(number, precision),
            "ceil" => Math.Ceiling(number * scale) / scale,
            "floor" => Math.Floor(number * scale) / scale,
            _ => throw PythonOperators.Type("method must be common, ceil or floor"),
        };
    }

    // A word begins after white space, a hyphen or an opening bracket.
    private static string Title(string text)
    {
        var builder = new StringBuilder(text.Length);
        var begins = true;
        foreach (string c in PythonText.CodePointsOf(text))
        {
            builder.Append(begins ? StringMethods.Upper(c) : StringMethods.Lower(c));
            begins = c is "-" or "(" or "{" or "[" or "<" || StringMethods.IsSpace(c[0]);
        }

        return builder.ToString();
    }

    private static object ToJson(object value, CallArguments call)
    {
        // transformers gives templates: tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False).
        var asciiOnly = call.Flag("ensure_ascii", false);
        var indent = call.Optional("indent") switch
        {
            null or None => null,
            string text => text,
            BigInteger number => new string(' ', (int)BigInteger.Max(0, BigInteger.Min(number, 100))),
            _ => throw call.Error("takes a whole number or a string as indent"),
        };
        var separators = call.Optional("separators");
        var pair = separators is null or None ? null : PythonOperators.Iterate(separators);
        if (pair is not null && (pair.Count != 2 || pair.Any(static one => one is not string)))
        {
            throw call.Error("takes two strings as separators");
        }

        return PythonJson.ToJson(value, indent, pair?[0] as string, pair?[1] as string ?? ": ", asciiOnly, call.Flag("sort_keys", false));
    }

    private static object Truncate(object value, CallArguments call)
    {
        var text = PythonText.Str(value);
        var length = call.Int("length", 255);
        var killWords = call.Flag("killwords", false);
        var end = call.Optional("end") as string ?? "...";
        var leeway = call.Int("leeway", 5);
        if (length < PythonText.Length(end) || leeway < 0)
        {
            throw PythonOperators.Type($"expected length >= {PythonText.Length(end)}, got {length}");
        }

        var characters = PythonText.CodePointsOf(text);
        if (characters.Count <= length + leeway)
        {
            return text;
        }

        var cut = string.Concat(characters.Take(Math.Max(0, length - PythonText.Length(end))));
        return killWords ? cut + end : (cut.LastIndexOf(' ') is var space && space >= 0 ? cut[..space] : cut) + end;
    }

    private static int WordCount(string text)
    {
        var (count, inWord) = (0, false);
        foreach (var rune in text.EnumerateRunes())
        {
            var word = Unicode.CodePoints.IsWord(rune.Value);
            count += word && !inWord ? 1 : 0;
            inWord = word;
        }

        return count;
    }
}
