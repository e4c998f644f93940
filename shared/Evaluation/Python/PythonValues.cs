using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;

namespace LamdAgent.Evaluation.Python;

/// <summary>
/// Python values as .NET objects: null, bool, <see cref="BigInteger"/>, double, string, <see cref="List{T}"/>, <see cref="PythonTuple"/>,
/// <see cref="PythonDict"/>, <see cref="PythonOpaque"/>; with Python's idea of type, equality and text.
/// </summary>
internal static class PythonValues
{
    /// <summary><c>type(value).__name__</c>.</summary>
    public static string TypeName(object? value) => value switch
    {
        null => "NoneType",
        bool => "bool",
        BigInteger => "int",
        double => "float",
        string => "str",
        List<object?> => "list",
        PythonTuple => "tuple",
        PythonDict => "dict",
        PythonOpaque opaque => opaque.TypeName,
        _ => throw new ArgumentException($"not a Python value: {value.GetType()}", nameof(value)),
    };

    /// <summary><c>a == b</c>: numbers across bool, int and float; lists and tuples are different.</summary>
    public static bool Equal(object? a, object? b)
    {
        if (Number(a) is { } x && Number(b) is { } y)
        {
            return x == y;
        }

        if (IsNumeric(a) && IsNumeric(b))
        {
            return EqualFloats(a, b);
        }

        return (a, b) switch
        {
            (null, null) => true,
            (string s, string t) => s == t,
            (List<object?> s, List<object?> t) => EqualItems(s, t),
            (PythonTuple s, PythonTuple t) => EqualItems(s.Items, t.Items),
            (PythonDict s, PythonDict t) => s.Count == t.Count && s.Items.All(item => t.TryGet(item.Key, out var other) && Equal(item.Value, other)),
            (PythonOpaque s, PythonOpaque t) => s == t,
            _ => false,
        };
    }

    /// <summary><c>value in list</c>.</summary>
    public static bool In(object? value, IEnumerable<object?> list) => list.Any(item => Equal(item, value));

    /// <summary>A value out of JSON, with Python's split between int and float.</summary>
    public static object? FromJson(JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Null:
                return null;
            case JsonValueKind.True or JsonValueKind.False:
                return json.GetBoolean();
            case JsonValueKind.String:
                return json.GetString();
            case JsonValueKind.Number:
                var raw = json.GetRawText();
                return raw.AsSpan().ContainsAny(".eE") ? double.Parse(raw, NumberStyles.Float, CultureInfo.InvariantCulture) : BigInteger.Parse(raw, CultureInfo.InvariantCulture);
            case JsonValueKind.Array:
                return json.EnumerateArray().Select(FromJson).ToList();
            case JsonValueKind.Object:
                var dict = new PythonDict();
                foreach (var pair in json.EnumerateObject())
                {
                    dict.Set(pair.Name, FromJson(pair.Value));
                }

                return dict;
            default:
                throw new ArgumentException("no value", nameof(json));
        }
    }

    /// <summary><c>str(value)</c>.</summary>
    public static string Str(object? value) => value as string ?? Repr(value);

    /// <summary><c>repr(value)</c>.</summary>
    public static string Repr(object? value) => value switch
    {
        null => "None",
        bool b => b ? "True" : "False",
        BigInteger i => i.ToString(CultureInfo.InvariantCulture),
        double d => Repr(d),
        string s => Quote(s),
        List<object?> list => $"[{string.Join(", ", list.Select(Repr))}]",
        PythonTuple tuple => $"({string.Join(", ", tuple.Items.Select(Repr))}{(tuple.Items.Count == 1 ? "," : "")})",
        PythonDict dict => $"{{{string.Join(", ", dict.Items.Select(item => $"{Repr(item.Key)}: {Repr(item.Value)}"))}}}",
        PythonOpaque opaque => opaque.TypeName == "bytes" ? "b" + Quote(opaque.Text) : opaque.Text,
        _ => throw new ArgumentException($"not a Python value: {value.GetType()}", nameof(value)),
    };

    /// <summary><c>repr</c> of a float: the shortest digits that give it back; an exponent from 1e16 on and below 1e-4.</summary>
    public static string Repr(double value)
    {
        if (double.IsNaN(value) || double.IsInfinity(value))
        {
            return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        }

        var scientific = value.ToString("E16", CultureInfo.InvariantCulture);
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        var exponent = value == 0 ? 0 : int.Parse(scientific[(scientific.IndexOf('E', StringComparison.Ordinal) + 1)..], CultureInfo.InvariantCulture);
        var (digits, point) = Digits(shortest);
        var sign = shortest[0] == '-' ? "-" : "";
        if (exponent is >= 16 or < -4)
        {
            // Rounding to the shortest digits may carry into the exponent; the point's place says which one it is.
            exponent = point - 1;
            return $"{sign}{digits[0]}{(digits.Length > 1 ? "." + digits[1..] : "")}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }

        return point <= 0 ? $"{sign}0.{new string('0', -point)}{digits}"
            : point >= digits.Length ? $"{sign}{digits.PadRight(point, '0')}.0"
            : $"{sign}{digits[..point]}.{digits[point..]}";
    }

    // Significant digits without leading or trailing zeros, and the place of the decimal point counted from their start.
    private static (string Digits, int Point) Digits(string number)
    {
        number = number.TrimStart('-');
        var e = number.IndexOf('E', StringComparison.Ordinal);
        var exponent = e < 0 ? 0 : int.Parse(number[(e + 1)..], CultureInfo.InvariantCulture);
        var mantissa = e < 0 ? number : number[..e];
        var dot = mantissa.IndexOf('.', StringComparison.Ordinal);
        var whole = dot < 0 ? mantissa.Length : dot;
        var all = mantissa.Replace(".", "", StringComparison.Ordinal);
        var leading = all.Length - all.TrimStart('0').Length;
        var digits = all.Trim('0');
        return digits.Length == 0 ? ("0", 1) : (digits, whole - leading + exponent);
    }

    private static string Quote(string text)
    {
        var quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        var result = new StringBuilder().Append(quote);
        foreach (var c in text)
        {
            result.Append(c switch
            {
                '\\' => @"\\",
                '\n' => @"\n",
                '\r' => @"\r",
                '\t' => @"\t",
                _ when c == quote => $"\\{c}",
                < ' ' or '\x7f' => $"\\x{(int)c:x2}",
                _ => c.ToString(),
            });
        }

        return result.Append(quote).ToString();
    }

    private static bool EqualItems(IReadOnlyList<object?> a, IReadOnlyList<object?> b) => a.Count == b.Count && a.Zip(b).All(pair => Equal(pair.First, pair.Second));

    private static bool IsNumeric(object? value) => value is bool or BigInteger or double;

    // Whole numbers exactly; a double only where it is whole.
    private static BigInteger? Number(object? value) => value switch
    {
        bool b => b ? BigInteger.One : BigInteger.Zero,
        BigInteger i => i,
        double d when double.IsFinite(d) && Math.Floor(d) == d => new BigInteger(d),
        _ => null,
    };

    private static bool EqualFloats(object? a, object? b) => a is double x && b is double y && x == y;
}
