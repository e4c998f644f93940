namespace LamdAgent.Domain.Configuration;

/// <summary>A single value.</summary>
/// <param name="text">The value as written, without quotes.</param>
/// <param name="quoted">Whether it stood in quotes, which makes it text whatever it looks like.</param>
public sealed class ConfigScalar(string file, int line, string path, string text, bool quoted) : ConfigNode(file, line, path)
{
    /// <summary>The value as written, without quotes.</summary>
    public string Text { get; } = text;

    /// <summary>Whether it stood in quotes.</summary>
    public bool Quoted { get; } = quoted;

    /// <inheritdoc />
    protected override string Kind => $"'{Text}'";
}
