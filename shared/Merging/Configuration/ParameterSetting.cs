using System.Text.Json.Nodes;
using LamdAgent.Domain.Configuration;

namespace LamdAgent.Merging.Configuration;

/// <summary>
/// What a configuration says about one parameter: a number, a gradient over the layers (a list of numbers), or a list of those with filters on the
/// tensor's name, of which the first that fits counts.
/// </summary>
public sealed class ParameterSetting
{
    private readonly IReadOnlyList<(string? Filter, IReadOnlyList<double> Values, bool IsList)> _cases;

    private ParameterSetting(IReadOnlyList<(string?, IReadOnlyList<double>, bool)> cases, bool conditional, string? place)
    {
        _cases = cases;
        IsConditional = conditional;
        Place = place;
    }

    /// <summary>Whether it is a list of filters.</summary>
    public bool IsConditional { get; }

    /// <summary>File and line it came from, or null when it was made in code.</summary>
    public string? Place { get; }

    /// <summary>One number for all tensors.</summary>
    public static implicit operator ParameterSetting(double value) => FromDouble(value);

    /// <summary>One number for all tensors.</summary>
    public static ParameterSetting FromDouble(double value) => new([(null, [value], false)], false, null);

    /// <summary>A gradient over the layers, from the first to the last.</summary>
    public static ParameterSetting Gradient(params IReadOnlyList<double> values) => new([(null, values, true)], false, null);

    /// <summary>Reads it from a configuration.</summary>
    public static ParameterSetting Read(ConfigNode node)
    {
        var place = $"{node.File}:{node.Line}";
        if (node is ConfigMapping)
        {
            throw node.Error("a {filter, value} entry must stand in a list: write - filter: ... on a line of its own");
        }

        if (node is not ConfigSequence list || !list.Any(item => item is ConfigMapping))
        {
            return new ParameterSetting([(null, Values(node), node is ConfigSequence)], false, place);
        }

        var cases = new List<(string?, IReadOnlyList<double>, bool)>();
        foreach (var item in list)
        {
            var entry = item.AsMapping();
            var filter = entry.Optional("filter")?.AsString();
            var value = entry.Required("value");
            entry.RejectUnknownKeys();
            cases.Add((filter == "*" ? null : filter, Values(value), value is ConfigSequence));
        }

        return new ParameterSetting(cases, true, place);
    }

    /// <summary>The value for a tensor, or null when no filter fits.</summary>
    /// <param name="tensorName">Its name; filters look for their text anywhere in it.</param>
    /// <param name="position">Where its layer stands, 0 for the first to 1 for the last.</param>
    public double? Evaluate(string tensorName, double position)
    {
        foreach (var (filter, values, _) in _cases)
        {
            if (filter is null || tensorName.Contains(filter, StringComparison.Ordinal))
            {
                return Interpolate(values, position);
            }
        }

        return null;
    }

    /// <summary>The same as JSON, as a configuration would say it.</summary>
    public JsonNode ToJson()
    {
        if (!IsConditional)
        {
            return Value(_cases[0].Values, _cases[0].IsList);
        }

        return new JsonArray([.. _cases.Select(c => (JsonNode)new JsonObject { ["filter"] = c.Filter ?? "*", ["value"] = Value(c.Values, c.IsList) })]);

        static JsonNode Value(IReadOnlyList<double> values, bool list) =>
            list ? new JsonArray([.. values.Select(v => (JsonNode)JsonValue.Create(v))]) : JsonValue.Create(values[0]);
    }

    private static double Interpolate(IReadOnlyList<double> values, double position)
    {
        var scaled = position * (values.Count - 1);
        var below = (int)scaled;
        var above = Math.Min(values.Count - 1, below + 1);
        var fraction = scaled - below;
        return ((1 - fraction) * values[below]) + (fraction * values[above]);
    }

    private static IReadOnlyList<double> Values(ConfigNode node)
    {
        if (node is ConfigSequence list)
        {
            return list.Count > 0 ? [.. list.Select(Number)] : throw node.Error("a gradient needs at least one number");
        }

        return [Number(node)];
    }

    private static double Number(ConfigNode node) => node.AsString() switch
    {
        // The words for truth of YAML 1.1, which mergekit reads.
        "true" or "True" or "TRUE" or "yes" or "Yes" or "YES" or "on" or "On" or "ON" => 1,
        "false" or "False" or "FALSE" or "no" or "No" or "NO" or "off" or "Off" or "OFF" => 0,
        _ => node.AsDouble(),
    };
}
