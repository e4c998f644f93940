using System.Collections;

namespace LamdAgent.Domain.Configuration;

/// <summary>A list of values.</summary>
public sealed class ConfigSequence(string file, int line, string path, IReadOnlyList<ConfigNode> items)
    : ConfigNode(file, line, path), IReadOnlyList<ConfigNode>
{
    /// <inheritdoc />
    public int Count => items.Count;

    /// <inheritdoc />
    public ConfigNode this[int index] => items[index];

    /// <inheritdoc />
    public IEnumerator<ConfigNode> GetEnumerator() => items.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc />
    protected override string Kind => "a list";
}
