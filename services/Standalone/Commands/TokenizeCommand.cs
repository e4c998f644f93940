using System.CommandLine;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Tokenization;
using LamdAgent.Tokenization.Datasets;
using LamdAgent.Tokenization.Templates;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd tokenize</c>: texts and conversations to token ids, and back.</summary>
internal static class TokenizeCommand
{
    private static readonly JsonSerializerOptions Line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var model = new Option<string>("--model") { Description = "Folder with tokenizer.json, or vocab.json and merges.txt", Required = true };
        var input = new Option<string>("--input") { Description = "JSON lines with \"text\", or \"messages\" (\"tools\", \"add_generation_prompt\", \"continue_final_message\", \"variables\"); with --decode: \"ids\"", Required = true };
        var output = new Option<string>("--output") { Description = "The same rows with \"ids\" (and \"rendered\" for messages); with --decode: \"text\"", Required = true };
        var noSpecial = new Option<bool>("--no-special") { Description = "No special tokens around texts; with --decode: special tokens are left out" };
        var decode = new Option<bool>("--decode") { Description = "Ids to text" };
        var json = new Option<bool>("--json") { Description = "The summary as JSON" };
        var command = new Command("tokenize", "Turns texts and conversations into token ids, or ids into text. Example: lamd tokenize --model DIR --input texts.jsonl --output ids.jsonl");
        foreach (var option in new Option[] { model, input, output, noSpecial, decode, json })
        {
            command.Options.Add(option);
        }

        command.SetAction(arguments =>
        {
            var folder = arguments.GetValue(model)!;
            var tokenizer = Tokenizer.Load(folder);
            var (from, to) = (arguments.GetValue(input)!, arguments.GetValue(output)!);
            var (plain, back) = (arguments.GetValue(noSpecial), arguments.GetValue(decode));
            var text = new StringBuilder();
            var (rows, tokens) = (0, 0L);
            foreach (var (line, row) in JsonLines.Read(from))
            {
                var result = Guarded(from, line, () => back ? Decode(row, tokenizer, plain) : Encode(row, tokenizer, plain));
                text.Append(result.ToJsonString(Line)).Append('\n');
                rows++;
                tokens += result["ids"]!.AsArray().Count;
            }

            Write(to, text.ToString());
            Console.WriteLine(arguments.GetValue(json)
                ? JsonSerializer.Serialize(new { rows, tokens, output = to })
                : $"{rows} rows, {tokens} tokens -> {to}");
            return ExitCodes.Done;
        });
        return command;
    }

    private static JsonObject Encode(JsonElement row, Tokenizer tokenizer, bool noSpecial)
    {
        var result = Row(row);
        int[] ids;
        if (row.TryGetProperty("messages", out _))
        {
            var template = tokenizer.ChatTemplate ?? throw new InvalidInputException($"the model {tokenizer.Folder} has no chat template, so it cannot write messages");
            var request = Request(row);
            var rendered = IsTrue(row, "continue_final_message") ? template.RenderContinuing(request) : template.Render(request);
            result["rendered"] = rendered;
            ids = tokenizer.Encode(rendered, addSpecialTokens: false);
        }
        else if (row.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String)
        {
            ids = tokenizer.Encode(text.GetString()!, addSpecialTokens: !noSpecial);
        }
        else
        {
            throw new InvalidInputException("the row has neither a \"text\" nor \"messages\"");
        }

        result["ids"] = new JsonArray([.. ids.Select(id => (JsonNode)id)]);
        return result;
    }

    private static JsonObject Decode(JsonElement row, Tokenizer tokenizer, bool noSpecial)
    {
        if (!row.TryGetProperty("ids", out var ids) || ids.ValueKind != JsonValueKind.Array)
        {
            throw new InvalidInputException("the row has no list of \"ids\"");
        }

        var numbers = ids.EnumerateArray().Select(id => id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out var number)
            ? number
            : throw new InvalidInputException($"\"ids\" holds {id.GetRawText()}, which is no token id"));
        var result = Row(row);
        result["text"] = tokenizer.Decode([.. numbers], noSpecial);
        return result;
    }

    private static ChatRequest Request(JsonElement row)
    {
        var variables = row.TryGetProperty("variables", out var given) && given.ValueKind == JsonValueKind.Object
            ? given.EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value)
            : [];
        return new ChatRequest(row.GetProperty("messages"))
        {
            Tools = Given(row, "tools"),
            Documents = Given(row, "documents"),
            AddGenerationPrompt = IsTrue(row, "add_generation_prompt"),
            Variables = variables,
        };
    }

    private static JsonElement? Given(JsonElement row, string key) => row.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static bool IsTrue(JsonElement row, string key) => row.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.True;

    private static JsonObject Row(JsonElement row) => JsonObject.Create(row)!;

    private static JsonObject Guarded(string file, int line, Func<JsonObject> action)
    {
        try
        {
            return action();
        }
        catch (InvalidInputException e) when (e.File is null)
        {
            throw new InvalidInputException(file, line, e.Message, e);
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidInputException(file, line, "the row is not an object, or a text in it holds half a surrogate pair", e);
        }
    }

    private static void Write(string file, string text)
    {
        try
        {
            AtomicFile.WriteAllText(file, text);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException(file, null, $"it cannot be written: {e.Message}", e);
        }
    }
}
