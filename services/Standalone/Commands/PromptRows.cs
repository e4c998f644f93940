using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Domain;
using LamdAgent.Tokenization;

namespace LamdAgent.Standalone.Commands;

/// <summary>A line of a prompt file, and its prompt as tokens.</summary>
internal sealed record PromptRows(JsonObject Row, int[] Ids)
{
    /// <summary>Reads JSON lines with <c>prompt_ids</c> or <c>prompt</c>; <c>.jsonl.gz</c> as well.</summary>
    public static IReadOnlyList<PromptRows> Read(string file, Tokenizer? tokenizer, string model)
    {
        var rows = new List<PromptRows>();
        try
        {
            using var stream = File.OpenRead(file);
            using var reader = new StreamReader(file.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(stream, CompressionMode.Decompress) : stream);
            for (var line = 1; reader.ReadLine() is { } text; line++)
            {
                if (!string.IsNullOrWhiteSpace(text))
                {
                    rows.Add(One(text, file, line, tokenizer, model));
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new InvalidInputException(file, null, $"cannot be read: {e.Message}", e);
        }

        return rows;
    }

    private static PromptRows One(string text, string file, int line, Tokenizer? tokenizer, string model)
    {
        try
        {
            var row = JsonNode.Parse(text) as JsonObject ?? throw new InvalidInputException(file, line, "not a JSON object");
            var ids = (row["prompt_ids"], row["prompt"]) switch
            {
                (JsonArray given, null) => [.. given.Select(id => id!.GetValue<int>())],
                (null, JsonValue prompt) => Need().Encode(prompt.GetValue<string>(), addSpecialTokens: true),
                _ => throw new InvalidInputException(file, line, "give one of prompt_ids (a list) or prompt (a text)"),
            };
            return ids.Length > 0 ? new PromptRows(row, ids) : throw new InvalidInputException(file, line, "the prompt is empty");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidInputException(file, line, $"not valid: {e.Message}", e);
        }

        Tokenizer Need() => tokenizer ?? throw new InvalidInputException(file, line, $"the model {model} has no tokenizer; give prompt_ids");
    }
}
