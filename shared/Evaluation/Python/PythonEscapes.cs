using System.Globalization;
using System.Text;

namespace LamdAgent.Evaluation.Python;

/// <summary>Backslash escapes in Python string literals.</summary>
internal static class PythonEscapes
{
    /// <summary>The text that a literal means. Unknown escapes keep their backslash, as in Python; named characters (<c>\N{...}</c>) are not known here.</summary>
    public static string Resolve(string raw)
    {
        if (!raw.Contains('\\', StringComparison.Ordinal))
        {
            return raw;
        }

        var result = new StringBuilder(raw.Length);
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '\\' || i + 1 == raw.Length)
            {
                result.Append(raw[i]);
                continue;
            }

            var c = raw[++i];
            switch (c)
            {
                case '\n':
                    break;
                case '\\' or '\'' or '"':
                    result.Append(c);
                    break;
                case 'x':
                    Hex(raw, ref i, 2, result);
                    break;
                case 'u':
                    Hex(raw, ref i, 4, result);
                    break;
                case 'U':
                    Hex(raw, ref i, 8, result);
                    break;
                case >= '0' and <= '7':
                    var value = 0;
                    var end = Math.Min(i + 3, raw.Length);
                    while (i < end && raw[i] is >= '0' and <= '7')
                    {
                        value = (value * 8) + raw[i++] - '0';
                    }

                    i--;
                    result.Append((char)value);
                    break;
                case 'N':
                    throw new PythonSyntaxException("named characters are not supported");
                default:
                    var simple = "abfnrtv".IndexOf(c, StringComparison.Ordinal);
                    result.Append(simple < 0 ? $"\\{c}" : "\a\b\f\n\r\t\v"[simple].ToString());
                    break;
            }
        }

        return result.ToString();
    }

    private static void Hex(string raw, ref int index, int digits, StringBuilder result)
    {
        if (index + digits >= raw.Length
            || !uint.TryParse(raw.AsSpan(index + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) || code > 0x10ffff)
        {
            throw new PythonSyntaxException("a broken escape in a text");
        }

        index += digits;
        result.Append(code is > 0xffff ? char.ConvertFromUtf32((int)code) : ((char)code).ToString());
    }
}
