using System.Text.Json;
using LamdAgent.Domain.Configuration;

namespace LamdAgent.Domain.Specs;

/// <summary>Writes a YAML value on one line (<c>[0.7, 0.3]</c>, <c>{r: 8}</c>) so that reading it again gives the same value, and reads it again.</summary>
public static class FlowText
{
    /// <summary>Characters that a plain YAML value may hold without changing its meaning anywhere.</summary>
    private const string PlainPunctuation = "+-._/ ";

    /// <summary>The value on one line.</summary>
    public static string Write(ConfigNode node) => node switch
    {
        ConfigSequence list => $"[{string.Join(", ", list.Select(Write))}]",
        ConfigMapping map => $"{{{string.Join(", ", map.Entries.Select(e => $"{Scalar(e.Key, quoted: false)}: {Write(e.Value)}"))}}}",
        ConfigScalar scalar => Scalar(scalar.Text, scalar.Quoted),
        _ => throw new InvalidOperationException($"unknown node {node.GetType().Name}"),
    };

    /// <summary>The value of a line that <see cref="Write"/> made.</summary>
    /// <param name="text">The line.</param>
    /// <param name="origin">For messages.</param>
    public static ConfigNode Read(string text, string origin) => ConfigDocument.Parse($"v: {text}", origin).Required("v");

    /// <summary>Text in quotes when it could be read as something else.</summary>
    public static string Scalar(string text, bool quoted) =>
        !quoted && text.Length > 0 && text[0] != ' ' && text[^1] != ' ' && text is not ("-" or "---" or "...") && !text.StartsWith("- ", StringComparison.Ordinal)
        && text.All(c => char.IsAsciiLetterOrDigit(c) || PlainPunctuation.Contains(c, StringComparison.Ordinal))
            ? text
            : JsonSerializer.Serialize(text);
}
