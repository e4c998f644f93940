using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Domain.Configuration;

namespace LamdAgent.Tokenization.Datasets;

/// <summary>Names of data formats, and telling them from a row.</summary>
public static class DatasetFormatNames
{
    private static readonly Dictionary<string, DatasetFormat> Names = new(StringComparer.Ordinal)
    {
        ["auto"] = DatasetFormat.Auto,
        ["messages"] = DatasetFormat.Messages,
        ["prompt_completion"] = DatasetFormat.PromptCompletion,
        ["text"] = DatasetFormat.Text,
        ["tokens"] = DatasetFormat.Tokens,
        ["preference"] = DatasetFormat.Preference,
        ["unpaired_preference"] = DatasetFormat.Labelled,
        ["prompt"] = DatasetFormat.Prompt,
    };

    /// <summary>The names that <see cref="Parse"/> takes.</summary>
    public static IReadOnlyCollection<string> KnownNames => Names.Keys;

    /// <summary>The format of a name.</summary>
    /// <exception cref="InvalidInputException">There is no such format; the message names the nearest one.</exception>
    public static DatasetFormat Parse(string name) => Names.TryGetValue(name, out var format)
        ? format
        : throw new InvalidInputException($"'{name}' is no data format{NearestWord.Hint(name, Names.Keys)}");

    /// <summary>The name of a format.</summary>
    public static string Name(DatasetFormat format) => Names.First(pair => pair.Value == format).Key;

    /// <summary>The format of a row by its keys, or null when it has those of none.</summary>
    public static DatasetFormat? Detect(JsonElement row)
    {
        bool Has(string key) => row.ValueKind == JsonValueKind.Object && row.TryGetProperty(key, out _);
        return (Has("chosen") && Has("rejected")) || (Has("chosen_ids") && Has("rejected_ids")) ? DatasetFormat.Preference
            : Has("completion") && Has("label") && Has("prompt") ? DatasetFormat.Labelled
            : Has("completion_ids") && Has("label") ? DatasetFormat.Labelled
            : Has("prompt") && Has("completion") ? DatasetFormat.PromptCompletion
            : Has("messages") ? DatasetFormat.Messages
            : Has("input_ids") ? DatasetFormat.Tokens
            : Has("text") ? DatasetFormat.Text
            : Has("prompt") || Has("prompt_ids") ? DatasetFormat.Prompt
            : null;
    }
}
