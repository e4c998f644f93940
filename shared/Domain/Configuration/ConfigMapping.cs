namespace LamdAgent.Domain.Configuration;

/// <summary>
/// Keys and values. A reader asks for each key it knows and ends with <see cref="RejectUnknownKeys"/>: what nobody asked for is a mistake of the
/// person who wrote it, and is named together with the nearest key that was asked for.
/// </summary>
public sealed class ConfigMapping(string file, int line, string path, IReadOnlyList<(string Key, int Line, ConfigNode Value)> entries)
    : ConfigNode(file, line, path)
{
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    /// <summary>The keys in file order with their lines and values; for mappings whose keys are names that the person chose.</summary>
    public IReadOnlyList<(string Key, int Line, ConfigNode Value)> Entries { get; } = entries;

    /// <summary>The value of a key, or null when it is absent or null.</summary>
    public ConfigNode? Optional(string key)
    {
        _asked.Add(key);
        foreach (var entry in Entries)
        {
            if (entry.Key == key)
            {
                return entry.Value.IsNull ? null : entry.Value;
            }
        }

        return null;
    }

    /// <summary>The value of a key that must be there.</summary>
    /// <exception cref="InvalidInputException">It is not.</exception>
    public ConfigNode Required(string key)
    {
        if (Optional(key) is { } value)
        {
            return value;
        }

        // A key that nobody has asked for yet and that looks like this one is a slip of the pen.
        return NearestWord.Find(key, Entries.Select(entry => entry.Key).Where(other => !_asked.Contains(other))) is { } slip
            ? throw Error($"'{key}' is missing; is '{slip}' in line {Entries.First(entry => entry.Key == slip).Line} meant to be it?")
            : throw Error($"'{key}' is missing");
    }

    /// <summary>Ends the reading of this mapping.</summary>
    /// <exception cref="InvalidInputException">A key is there that no reader asked for.</exception>
    public void RejectUnknownKeys()
    {
        foreach (var (key, line, _) in Entries)
        {
            if (!_asked.Contains(key))
            {
                throw new InvalidInputException(File, line, $"{(Path.Length == 0 ? "" : Path + ": ")}unknown key '{key}'{NearestWord.Hint(key, _asked)}");
            }
        }
    }

    /// <inheritdoc />
    protected override string Kind => "keys and values";
}
