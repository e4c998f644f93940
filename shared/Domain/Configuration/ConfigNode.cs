using System.Globalization;

namespace LamdAgent.Domain.Configuration;

/// <summary>
/// A value of a YAML file together with the place it was read from, so that whatever is wrong with it can be said as <c>file:line: key: why</c>.
/// Read a file with <see cref="ConfigDocument.Parse"/>.
/// </summary>
public abstract class ConfigNode(string file, int line, string path)
{
    /// <summary>The file as the person named it.</summary>
    public string File { get; } = file;

    /// <summary>Line, counted from 1.</summary>
    public int Line { get; } = line;

    /// <summary>Dotted path from the root, for messages: <c>actions.sft.learning_rate[1]</c>; empty for the root.</summary>
    public string Path { get; } = path;

    /// <summary>An error at this place, to be thrown by the caller.</summary>
    public InvalidInputException Error(string message) => new(File, Line, Path.Length == 0 ? message : $"{Path}: {message}");

    /// <summary>This node as a mapping.</summary>
    /// <exception cref="InvalidInputException">It is something else.</exception>
    public ConfigMapping AsMapping() => this as ConfigMapping ?? throw Error($"expected keys and values, found {Kind}");

    /// <summary>This node as a list.</summary>
    /// <exception cref="InvalidInputException">It is something else.</exception>
    public ConfigSequence AsSequence() => this as ConfigSequence ?? throw Error($"expected a list, found {Kind}");

    /// <summary>This node as a single value.</summary>
    /// <exception cref="InvalidInputException">It is something else.</exception>
    public ConfigScalar AsScalar() => this as ConfigScalar ?? throw Error($"expected a single value, found {Kind}");

    /// <summary>The value as text.</summary>
    public string AsString() => AsScalar().Text;

    /// <summary>The value as a whole number within a range.</summary>
    public int AsInt(int min = int.MinValue, int max = int.MaxValue) => checked((int)AsLong(min, max));

    /// <summary>The value as a whole number within a range.</summary>
    public long AsLong(long min = long.MinValue, long max = long.MaxValue)
    {
        var text = AsString();
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
        {
            throw Error($"'{text}' is not a whole number");
        }

        return value >= min && value <= max ? value : throw Error($"{value} is out of range ({Range(min, max)})");

        static string Range(long min, long max) =>
            (min is long.MinValue or int.MinValue, max is long.MaxValue or int.MaxValue) switch
            {
                (false, true) => $"at least {min}",
                (true, false) => $"at most {max}",
                _ => $"{min} to {max}",
            };
    }

    /// <summary>The value as a finite number within a closed range.</summary>
    public double AsDouble(double min = double.NegativeInfinity, double max = double.PositiveInfinity)
    {
        var text = AsString();
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !double.IsFinite(value))
        {
            throw Error($"'{text}' is not a number");
        }

        return value >= min && value <= max
            ? value
            : throw Error(FormattableString.Invariant($"{value} is out of range ({min} to {max})"));
    }

    /// <summary>The value as true or false (YAML 1.2: only these two words).</summary>
    public bool AsBool() => AsString() switch
    {
        "true" or "True" or "TRUE" => true,
        "false" or "False" or "FALSE" => false,
        var other => throw Error($"'{other}' is not true or false"),
    };

    /// <summary>The value as one of a closed list of words.</summary>
    public string AsOneOf(IReadOnlyCollection<string> valid)
    {
        var text = AsString();
        return valid.Contains(text, StringComparer.Ordinal) ? text : throw Error($"unknown value '{text}'{NearestWord.Hint(text, valid)}");
    }

    /// <summary>Whether this is an empty or <c>null</c> value written without quotes.</summary>
    public bool IsNull => this is ConfigScalar { Quoted: false, Text: "" or "null" or "~" or "Null" or "NULL" };

    /// <summary>What it is, for messages.</summary>
    protected abstract string Kind { get; }
}
