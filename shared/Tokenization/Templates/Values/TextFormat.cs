using System.Globalization;
using System.Numerics;
using System.Text;

namespace LamdAgent.Tokenization.Templates.Values;

/// <summary>Python's two ways of filling values into text: <c>'%s' % x</c> and <c>'{}'.format(x)</c>, without attribute access and with plain conversions only.</summary>
internal static class TextFormat
{
    private const int MaxWidth = 10_000;

    public static string Percent(string format, object values)
    {
        var items = values is TemplateTuple tuple ? tuple.Items : [values];
        var builder = new StringBuilder();
        var next = 0;
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                builder.Append(format[i]);
                continue;
            }

            if (++i < format.Length && format[i] == '%')
            {
                builder.Append('%');
                continue;
            }

            object? value = null;
            if (i < format.Length && format[i] == '(')
            {
                var close = format.IndexOf(')', i);
                var key = close < 0 ? throw PythonOperators.Type("incomplete format key") : format[(i + 1)..close];
                value = values is TemplateDict dict && dict.TryGet(key, out var found) ? found : throw PythonOperators.Type($"format requires the key '{key}'");
                (i, next) = (close + 1, items.Count);
            }

            var start = i;
            while (i < format.Length && format[i] is '-' or '+' or ' ' or '0' or '#' or '.' || (i < format.Length && char.IsAsciiDigit(format[i])))
            {
                i++;
            }

            if (i >= format.Length)
            {
                throw PythonOperators.Type("incomplete format");
            }

            value ??= next < items.Count ? items[next++] : throw PythonOperators.Type("not enough arguments for format string");
            builder.Append(Convert(value, format[start..i], format[i]));
            PythonText.Allow(builder.Length);
        }

        return next < items.Count && values is not TemplateDict ? throw PythonOperators.Type("not all arguments converted during string formatting") : builder.ToString();
    }

    public static string Braces(string format, CallArguments call)
    {
        var builder = new StringBuilder();
        var next = 0;
        for (var i = 0; i < format.Length; i++)
        {
            var c = format[i];
            if (c is '{' or '}' && i + 1 < format.Length && format[i + 1] == c)
            {
                builder.Append(c);
                i++;
            }
            else if (c == '{')
            {
                var close = format.IndexOf('}', i);
                var field = close < 0 ? throw PythonOperators.Type("single '{' in format string") : format[(i + 1)..close];
                builder.Append(Field(field, call, ref next));
                i = close;
            }
            else
            {
                builder.Append(c == '}' ? throw PythonOperators.Type("single '}' in format string") : c);
            }

            PythonText.Allow(builder.Length);
        }

        return builder.ToString();
    }

    private static string Field(string field, CallArguments call, ref int next)
    {
        var colon = field.IndexOf(':');
        var (name, specification) = colon < 0 ? (field, "") : (field[..colon], field[(colon + 1)..]);
        if (name.AsSpan().IndexOfAny('.', '[', '!') >= 0)
        {
            throw new ChatTemplateException(ChatTemplateError.Forbidden, $"the format field '{{{field}}}' reaches into a value: that is not allowed");
        }

        object value;
        if (name.Length == 0 || int.TryParse(name, out _))
        {
            var index = name.Length == 0 ? next++ : int.Parse(name, CultureInfo.InvariantCulture);
            value = index < call.Positional.Count ? call.Positional[index] : throw PythonOperators.Type("replacement index out of range for positional args");
        }
        else
        {
            value = call.Named.TryGetValue(name, out var named) ? named : throw PythonOperators.Type($"the format has no value '{name}'");
        }

        if (specification.Length == 0)
        {
            return PythonText.Str(value);
        }

        var kind = char.IsAsciiLetter(specification[^1]) ? specification[^1] : PythonNumbers.TryNumber(value, out _) ? 'd' : 's';
        return specification.All(c => char.IsAsciiLetterOrDigit(c) || c == '.')
            ? Convert(value, char.IsAsciiLetter(specification[^1]) ? specification[..^1] : specification, kind)
            : throw PythonOperators.Type($"the format '{specification}' is not supported");
    }

    private static string Convert(object value, string flags, char kind)
    {
        var dot = flags.IndexOf('.');
        var precision = dot < 0 ? (int?)null : Number(flags[(dot + 1)..]);
        var head = dot < 0 ? flags : flags[..dot];
        var left = head.Contains('-');
        var zero = head.TrimStart('-', '+', ' ', '#').StartsWith('0');
        var plus = head.Contains('+');
        var width = Number(new string([.. head.Where(char.IsAsciiDigit)]).TrimStart('0'));
        string text;
        switch (kind)
        {
            case 's' or 'r':
                text = kind == 's' ? PythonText.Str(value) : PythonText.Repr(value);
                text = precision is { } most && most < text.Length ? text[..most] : text;
                break;
            case 'd' or 'i' or 'u' or 'x' or 'X' or 'o':
                var whole = PythonNumbers.TryNumber(value, out var number) ? number is BigInteger big ? big : new BigInteger(Math.Truncate((double)number)) : throw WrongType(kind, value);
                var digits = kind is 'x' or 'X' ? BigInteger.Abs(whole).ToString(kind.ToString(), CultureInfo.InvariantCulture).TrimStart('0').PadLeft(1, '0') : BigInteger.Abs(whole).ToString(CultureInfo.InvariantCulture);
                text = kind == 'o' ? throw PythonOperators.Type("the format 'o' is not supported") : (whole.Sign < 0 ? "-" : plus ? "+" : "") + digits;
                break;
            case 'f' or 'F':
                var real = PythonNumbers.TryNumber(value, out var f) ? PythonNumbers.ToDouble(f) : throw WrongType(kind, value);
                text = (plus && real >= 0 ? "+" : "") + real.ToString("F" + Math.Min(precision ?? 6, 100).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
                break;
            default:
                throw PythonOperators.Type($"the format '{kind}' is not supported");
        }

        if (text.Length >= width)
        {
            return text;
        }

        var sign = zero && kind is not ('s' or 'r') && text[0] is '+' or '-' ? 1 : 0;
        return left ? text.PadRight(width) : zero && kind is not ('s' or 'r') ? text[..sign] + text[sign..].PadLeft(width - sign, '0') : text.PadLeft(width);
    }

    private static int Number(string digits) => digits.Length == 0 ? 0
        : digits.Length <= 5 && int.TryParse(digits, out var value) && value <= MaxWidth ? value
        : throw new ChatTemplateException(ChatTemplateError.Limit, "a format is too wide");

    private static ChatTemplateException WrongType(char kind, object value) => PythonOperators.Type($"%{kind} format: a real number is required, not {PythonText.TypeName(value)}");
}
