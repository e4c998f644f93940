using System.Globalization;
using System.Text;
using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Domain.Configuration;
using LamdAgent.Evaluation.Data;
using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation;

/// <summary>
/// Text with <c>{{path}}</c> or <c>{{path|filter}}</c> in it, filled from a row. A path is dotted (<c>choices.text.0</c>); filters: <c>strip</c>,
/// <c>lower</c>, <c>first</c> (of a list). It has no logic and reaches nothing but the row.
/// </summary>
public sealed class TextTemplate
{
    private static readonly string[] Filters = ["strip", "lower", "first"];
    private readonly List<Part> _parts;

    private TextTemplate(List<Part> parts) => _parts = parts;

    /// <summary>The template that is one field.</summary>
    internal static TextTemplate Field(string path) => new([new Part("", path, [])]);

    /// <summary>Reads a template from a task file.</summary>
    /// <exception cref="InvalidInputException">It is not well formed.</exception>
    public static TextTemplate Parse(ConfigNode node)
    {
        var text = node.AsString();
        var parts = new List<Part>();
        var position = 0;
        while (text.IndexOf("{{", position, StringComparison.Ordinal) is var start and >= 0)
        {
            var end = text.IndexOf("}}", start, StringComparison.Ordinal);
            if (end < 0)
            {
                throw node.Error("'{{' without '}}'");
            }

            parts.Add(new Part(text[position..start], null, []));
            var words = text[(start + 2)..end].Split('|', StringSplitOptions.TrimEntries);
            foreach (var filter in words[1..])
            {
                if (!Filters.Contains(filter, StringComparer.Ordinal))
                {
                    throw node.Error($"unknown filter '{filter}'{NearestWord.Hint(filter, Filters)}");
                }
            }

            parts.Add(new Part("", words[0].Length > 0 ? words[0] : throw node.Error("empty '{{}}'"), words[1..]));
            position = end + 2;
        }

        parts.Add(new Part(text[position..], null, []));
        return new TextTemplate(parts);
    }

    /// <summary>Fills the template.</summary>
    /// <exception cref="InvalidInputException">The row lacks a field, or the field is not a text or number.</exception>
    public string Render(JsonElement row)
    {
        var result = new StringBuilder();
        foreach (var part in _parts)
        {
            result.Append(part.Path is null ? part.Text : Value(row.Required(part.Path), part));
        }

        return result.ToString();
    }

    private static string Value(JsonElement value, Part part)
    {
        if (part.Filters.Contains("first", StringComparer.Ordinal) && value.ValueKind == JsonValueKind.Array)
        {
            value = value.GetArrayLength() > 0 ? value[0] : throw new InvalidInputException($"'{part.Path}' is empty");
        }

        var text = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.Number => value.GetRawText(),
            _ => throw new InvalidInputException($"'{part.Path}' is {JsonFields.Kind(value)}, a prompt needs text"),
        };
        foreach (var filter in part.Filters)
        {
            text = filter switch
            {
                "strip" => PythonText.Strip(text),
                "lower" => PythonText.Lower(text),
                _ => text,
            };
        }

        return text;
    }

    private sealed record Part(string Text, string? Path, string[] Filters);
}
