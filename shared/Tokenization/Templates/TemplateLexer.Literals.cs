using System.Globalization;
using System.Text;

namespace LamdAgent.Tokenization.Templates;

/// <summary>Cuts a template into tokens: numbers and strings.</summary>
internal sealed partial class TemplateLexer
{
    private void ReadNumber()
    {
        var i = at;
        if (source[i] == '0' && i + 1 < source.Length && source[i + 1] is 'x' or 'X' or 'o' or 'O' or 'b' or 'B')
        {
            throw Error("only decimal numbers are supported");
        }

        i = Digits(i);
        var isFloat = false;

        // After a dot ("x.0.5") digits are an index, never a fraction.
        var afterDot = at > 0 && source[at - 1] == '.';
        if (!afterDot && i + 1 < source.Length && source[i] == '.' && char.IsAsciiDigit(source[i + 1]))
        {
            (isFloat, i) = (true, Digits(i + 1));
        }

        if (!afterDot && i < source.Length && source[i] is 'e' or 'E')
        {
            var exponent = i + 1 < source.Length && source[i + 1] is '+' or '-' ? i + 2 : i + 1;
            if (exponent < source.Length && char.IsAsciiDigit(source[exponent]))
            {
                (isFloat, i) = (true, Digits(exponent));
            }
        }

        Add(isFloat ? TemplateTokenKind.Float : TemplateTokenKind.Integer, source[at..i].Replace("_", ""));
        Move(i);
    }

    private int Digits(int i)
    {
        while (i < source.Length && (char.IsAsciiDigit(source[i]) || (source[i] == '_' && i + 1 < source.Length && char.IsAsciiDigit(source[i + 1]))))
        {
            i++;
        }

        return i;
    }

    private void ReadString(char quote)
    {
        var builder = new StringBuilder();
        var i = at + 1;
        while (i < source.Length && source[i] != quote)
        {
            if (source[i] == '\\' && i + 1 < source.Length)
            {
                i = ReadEscape(builder, i + 1);
            }
            else
            {
                builder.Append(source[i++]);
            }
        }

        if (i >= source.Length)
        {
            throw Error("a string does not end");
        }

        Add(TemplateTokenKind.String, builder.ToString());
        Move(i + 1);
    }

    // Python's escapes; an unknown one keeps its backslash.
    private int ReadEscape(StringBuilder builder, int i)
    {
        var c = source[i];
        var simple = "\\'\"abfnrtv".IndexOf(c);
        if (simple >= 0)
        {
            builder.Append("\\'\"\a\b\f\n\r\t\v"[simple]);
            return i + 1;
        }

        var digits = c switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            if (i + 1 + digits > source.Length || !int.TryParse(source.AsSpan(i + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) || value > 0x10FFFF)
            {
                throw Error($"the escape '\\{c}' needs {digits} hexadecimal digits");
            }

            Unicode.CodePoints.Append(builder, value);
            return i + 1 + digits;
        }

        if (c is >= '0' and <= '7')
        {
            var (value, end) = (0, i);
            while (end < source.Length && end < i + 3 && source[end] is >= '0' and <= '7')
            {
                value = (value * 8) + source[end++] - '0';
            }

            builder.Append((char)value);
            return end;
        }

        if (c == 'N')
        {
            throw Error("the escape '\\N' is not supported");
        }

        if (c != '\n')
        {
            builder.Append('\\').Append(c);
        }

        return i + 1;
    }
}
