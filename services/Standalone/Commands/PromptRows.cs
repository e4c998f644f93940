using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Domain;
using LamdAgent.Tokenization;
using LamdAgent.Tokenization.Datasets;
using LamdAgent.Tokenization.Templates;

namespace LamdAgent.Standalone.Commands;

/// <summary>A line of a prompt file, and its prompt as tokens.</summary>
internal sealed record PromptRows(JsonObject Row, int[] Ids)
{
    /// <summary>Reads JSON lines with <c>prompt_ids</c>, <c>prompt</c> or <c>messages</c>.</summary>
    /// <param name="file">The file; <c>.jsonl.gz</c> as well.</param>
    /// <param name="tokenizer">The model's tokenizer, or null when it has none.</param>
    /// <param name="model">The model's folder, for messages.</param>
    public static IReadOnlyList<PromptRows> Read(string file, Tokenizer? tokenizer, string model) =>
        [.. JsonLines.Read(file).Select(row => One(row.Value, file, row.Line, tokenizer, model))];

    private static PromptRows One(JsonElement row, string file, int line, Tokenizer? tokenizer, string model)
    {
        try
        {
            var ids = (Given(row, "prompt_ids"), Given(row, "prompt"), Given(row, "messages")) switch
            {
                ({ ValueKind: JsonValueKind.Array } given, null, null) => [.. given.EnumerateArray().Select(id => id.GetInt32())],
                (null, { ValueKind: JsonValueKind.String } prompt, null) => Need().Encode(prompt.GetString()!, addSpecialTokens: true),
                (null, null, { ValueKind: JsonValueKind.Array } messages) => Chat(Need(), row, messages),
                _ => throw new InvalidInputException(file, line, "give one of prompt_ids (a list), prompt (a text) or messages (a list)"),
            };
            return ids.Length > 0 ? new PromptRows(JsonObject.Create(row)!, ids) : throw new InvalidInputException(file, line, "the prompt is empty");
        }
        catch (InvalidInputException e) when (e.File is null)
        {
            throw new InvalidInputException(file, line, e.Message, e);
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException)
        {
            throw new InvalidInputException(file, line, $"not valid: {e.Message}", e);
        }

        Tokenizer Need() => tokenizer ?? throw new InvalidInputException(file, line, $"the model {model} has no tokenizer; give prompt_ids");
    }

    // The template writes the special tokens itself: the tokenizer must not add them a second time. The answer is to be generated, so its start is written.
    private static int[] Chat(Tokenizer tokenizer, JsonElement row, JsonElement messages)
    {
        var template = tokenizer.ChatTemplate ?? throw new InvalidInputException($"the model {tokenizer.Folder} has no chat template, so it cannot read messages");
        var variables = Given(row, "variables") is { ValueKind: JsonValueKind.Object } given ? given.EnumerateObject().ToDictionary(v => v.Name, v => v.Value) : [];
        var request = new ChatRequest(messages) { Tools = Given(row, "tools"), Documents = Given(row, "documents"), AddGenerationPrompt = true, Variables = variables };
        return tokenizer.Encode(template.Render(request), addSpecialTokens: false);
    }

    private static JsonElement? Given(JsonElement row, string key) =>
        row.ValueKind == JsonValueKind.Object && row.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
