using System.Globalization;
using System.Numerics;

namespace LamdAgent.Tokenization.Templates.Values;

/// <summary>Python's numbers: whole ones without limit (here: 4096 bits), floats that print as Python prints them.</summary>
internal static class PythonNumbers
{
    private const int MaxBits = 4096;

    public static bool TryNumber(object value, out object number)
    {
        number = value is bool flag ? flag ? BigInteger.One : BigInteger.Zero : value;
        return number is BigInteger or double;
    }

    public static bool TryNumbers(object left, object right, out object a, out object b)
    {
        b = right;
        return TryNumber(left, out a) && TryNumber(right, out b);
    }

    public static int? Compare(object a, object b)
    {
        if (a is BigInteger x && b is BigInteger y)
        {
            return x.CompareTo(y);
        }

        if (IsNaN(a) || IsNaN(b))
        {
            return null;
        }

        // A whole number beyond 2^53 is compared with a float exactly, as in Python.
        if (a is BigInteger large && b is double f && double.IsFinite(f))
        {
            var floor = new BigInteger(Math.Floor(f));
            return large.CompareTo(floor) is var order && order != 0 ? order : Math.Floor(f).CompareTo(f);
        }

        if (a is double g && b is BigInteger)
        {
            return double.IsFinite(g) ? -Compare(b, a) : g > 0 ? 1 : -1;
        }

        return ToDouble(a).CompareTo(ToDouble(b));
    }

    public static object Calculate(string symbol, object a, object b)
    {
        if (symbol == "/")
        {
            return IsZero(b) ? throw Zero() : ToDouble(a) / ToDouble(b);
        }

        if (symbol is "//" or "%" && IsZero(b))
        {
            throw Zero();
        }

        if (a is BigInteger x && b is BigInteger y && !(symbol == "**" && y.Sign < 0))
        {
            return Limited(symbol switch
            {
                "+" => x + y,
                "-" => x - y,
                "*" => x * y,
                "//" => FloorDivide(x, y),
                "%" => x - (FloorDivide(x, y) * y),
                _ => Power(x, y),
            });
        }

        var (f, g) = (ToDouble(a), ToDouble(b));
        return symbol switch
        {
            "+" => f + g,
            "-" => f - g,
            "*" => f * g,
            "//" => Math.Floor(f / g),
            "%" => f - (Math.Floor(f / g) * g),
            _ => Math.Pow(f, g),
        };
    }

    /// <summary>repr(float): the shortest digits that read back the same; an exponent below 1e-4 and from 1e16 on.</summary>
    public static string ToText(double value)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }

        if (value == 0)
        {
            return double.IsNegative(value) ? "-0.0" : "0.0";
        }

        var shortest = value.ToString("R", CultureInfo.InvariantCulture).TrimStart('-').Split('E');
        var negative = value < 0;
        var point = shortest[0].IndexOf('.');
        var whole = point < 0 ? shortest[0].Length : point;
        var digits = shortest[0].Replace(".", "", StringComparison.Ordinal);
        var leading = digits.Length - digits.TrimStart('0').Length;
        var text = digits.Trim('0');
        var exponent = whole - 1 - leading + (shortest.Length > 1 ? int.Parse(shortest[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : 0);
        var body = exponent is < -4 or >= 16
            ? text[..1] + (text.Length > 1 ? "." + text[1..] : "") + "e" + (exponent < 0 ? "-" : "+") + Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture)
            : exponent < 0 ? "0." + new string('0', -exponent - 1) + text
            : text.Length <= exponent + 1 ? text + new string('0', exponent + 1 - text.Length) + ".0"
            : text[..(exponent + 1)] + "." + text[(exponent + 1)..];
        return negative ? "-" + body : body;
    }

    /// <summary>round(x, n): half to even, by the exact value of the float.</summary>
    public static double Round(double value, int precision)
    {
        if (!double.IsFinite(value) || precision > 300)
        {
            return value;
        }

        if (precision < 0)
        {
            var scale = Math.Pow(10, -precision);
            return Math.Round(value / scale, MidpointRounding.ToEven) * scale;
        }

        // 60 more digits tell a tie from what is only near one.
        var digits = Math.Abs(value).ToString("F" + (precision + 60).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        var cut = digits.Length - 60;
        var isTie = digits[cut] == '5' && digits.AsSpan(cut + 1).IndexOfAnyExcept('0') < 0;
        var kept = digits[..cut];
        var previous = kept.TrimEnd('.')[^1] - '0';
        var rounded = isTie && previous % 2 == 0 ? kept : Math.Abs(value).ToString("F" + precision.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return Math.CopySign(double.Parse(rounded.TrimEnd('.'), CultureInfo.InvariantCulture), value);
    }

    public static double ToDouble(object number) => number is BigInteger whole ? (double)whole : (double)number;

    public static BigInteger Limited(BigInteger value) =>
        value.GetBitLength() <= MaxBits ? value : throw new ChatTemplateException(ChatTemplateError.Limit, "a number grew too large");

    private static bool IsZero(object number) => number is BigInteger whole ? whole.IsZero : (double)number == 0;

    private static bool IsNaN(object number) => number is double value && double.IsNaN(value);

    private static BigInteger FloorDivide(BigInteger x, BigInteger y)
    {
        var quotient = BigInteger.DivRem(x, y, out var remainder);
        return !remainder.IsZero && (remainder.Sign < 0) != (y.Sign < 0) ? quotient - 1 : quotient;
    }

    private static BigInteger Power(BigInteger x, BigInteger y) =>
        BigInteger.Abs(x) <= 1 ? BigInteger.Pow(x, (int)(y % 2) + (y.IsZero ? 0 : 2))
        : y <= MaxBits && x.GetBitLength() * (long)y <= MaxBits ? BigInteger.Pow(x, (int)y)
        : throw new ChatTemplateException(ChatTemplateError.Limit, "a number grew too large");

    private static ChatTemplateException Zero() => PythonOperators.Type("division by zero");
}
