using System.Collections;
using System.Text.Json.Nodes;
using LamdAgent.Domain.Configuration;

namespace LamdAgent.Merging.Configuration;

/// <summary>The <c>parameters</c> of a configuration, a slice or a model.</summary>
public sealed class ParameterSet : IEnumerable<KeyValuePair<string, ParameterSetting>>
{
    private readonly SortedDictionary<string, ParameterSetting> _settings = new(StringComparer.Ordinal);

    /// <summary>Sets a parameter; made for collection initialisers: <c>new ParameterSet { ["weight"] = 0.5 }</c>.</summary>
    public ParameterSetting this[string name]
    {
        set => _settings[name] = value;
    }

    /// <summary>Whether nothing is set.</summary>
    public bool IsEmpty => _settings.Count == 0;

    /// <summary>Names of what is set.</summary>
    public IEnumerable<string> Names => _settings.Keys;

    /// <summary>Reads a mapping; an absent one is empty.</summary>
    public static ParameterSet Read(ConfigNode? node)
    {
        var set = new ParameterSet();
        if (node is null)
        {
            return set;
        }

        foreach (var (key, _, value) in node.AsMapping().Entries)
        {
            if (!MergeMethodCatalogue.KnowsParameter(key))
            {
                throw value.Error($"no merge method has a parameter '{key}'{MergeMethodCatalogue.ParameterHint(key)}");
            }

            if (!value.IsNull)
            {
                set[key] = ParameterSetting.Read(value);
            }
        }

        return set;
    }

    /// <summary>The value of a parameter for a tensor, or null.</summary>
    public double? Evaluate(string name, string tensorName, double position) =>
        _settings.TryGetValue(name, out var setting) ? setting.Evaluate(tensorName, position) : null;

    /// <summary>Where a parameter was written, or null.</summary>
    public string? PlaceOf(string name) => _settings.TryGetValue(name, out var setting) ? setting.Place : null;

    /// <inheritdoc />
    public IEnumerator<KeyValuePair<string, ParameterSetting>> GetEnumerator() => _settings.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>These settings, and where they say nothing those of another set; the other set wins where both speak.</summary>
    internal ParameterSet Under(ParameterSet other)
    {
        var merged = new ParameterSet();
        foreach (var (name, setting) in _settings.Concat(other))
        {
            merged[name] = setting;
        }

        return merged;
    }

    internal JsonObject ToJson() => new(_settings.Select(s => KeyValuePair.Create(s.Key, (JsonNode?)s.Value.ToJson())));
}
