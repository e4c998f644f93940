using System.CommandLine;
using System.Diagnostics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Modeling.Generation;
using LamdAgent.Tokenization;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd generate</c>: continues prompts.</summary>
internal static class GenerateCommand
{
    public static Command Create()
    {
        var model = new ModelArguments();
        var input = new Option<string>("--input") { Description = "JSON lines with \"prompt_ids\", \"prompt\" or \"messages\" (\"tools\", \"variables\")", Required = true };
        var output = new Option<string>("--output") { Description = "The same rows with \"ids\" (new tokens) and \"text\"", Required = true };
        var most = new Option<int>("--max-new-tokens") { Description = "Most tokens to add to a prompt", DefaultValueFactory = _ => 256 };
        var batch = new Option<int>("--batch-size") { Description = "Prompts computed at once", DefaultValueFactory = _ => 16 };
        var ignoreEos = new Option<bool>("--ignore-eos") { Description = "Goes on after end tokens, up to the limit" };
        var temperature = new Option<double>("--temperature") { Description = "0: the likeliest token; above 0: sampled", DefaultValueFactory = _ => 0 };
        var topP = new Option<double>("--top-p") { Description = "Samples among the likeliest tokens with this share of the probability", DefaultValueFactory = _ => 1 };
        var topK = new Option<int>("--top-k") { Description = "Samples among this many likeliest tokens; 0: all", DefaultValueFactory = _ => 0 };
        var seed = new Option<long>("--seed") { Description = "Seed of the sampling", DefaultValueFactory = _ => 0 };
        var json = new Option<bool>("--json") { Description = "The summary as JSON" };
        var command = new Command("generate", "Continues prompts. Example: lamd generate --model DIR --input prompts.jsonl --output out.jsonl --max-new-tokens 128");
        model.AddTo(command);
        foreach (var option in new Option[] { input, output, most, batch, ignoreEos, temperature, topP, topK, seed, json })
        {
            command.Options.Add(option);
        }

        command.SetAction((arguments, cancellationToken) => Task.Run(() =>
        {
            var folder = model.Folder(arguments);
            var config = ModelConfig.Read(folder);
            var tokenizer = HasTokenizer(folder) ? Tokenizer.Load(folder) : null;
            tokenizer?.EnsureFits(config.VocabSize, folder);
            var prompts = PromptRows.Read(arguments.GetValue(input)!, tokenizer, folder);
            var settings = new GenerationSettings
            {
                MaxNewTokens = InRange(arguments.GetValue(most), 0, "--max-new-tokens"),
                BatchSize = InRange(arguments.GetValue(batch), 1, "--batch-size"),
                StopIds = arguments.GetValue(ignoreEos) ? [] : [.. StopTokens.Of(folder, config), .. tokenizer?.EndIds ?? new HashSet<int>()],
                Temperature = arguments.GetValue(temperature),
                TopP = arguments.GetValue(topP),
                TopK = InRange(arguments.GetValue(topK), 0, "--top-k"),
                Seed = arguments.GetValue(seed),
            };
            if (settings.Temperature < 0 || settings.TopP is <= 0 or > 1)
            {
                throw new InvalidInputException("--temperature must be at least 0, --top-p above 0 and at most 1");
            }

            using var loaded = model.Load(arguments);
            var clock = Stopwatch.StartNew();
            var (done, tokens) = (0, 0L);
            var texts = new TextGenerator(loaded).Generate([.. prompts.Select(p => p.Ids)], settings, (_, text) =>
            {
                tokens += text.Ids.Count;
                Console.Error.Write($"\r{++done}/{prompts.Count} prompts, {tokens} tokens, {tokens / clock.Elapsed.TotalSeconds:0} tokens/s");
            }, cancellationToken);
            Console.Error.WriteLine();
            Write(arguments.GetValue(output)!, prompts, texts, tokenizer);
            Console.WriteLine(arguments.GetValue(json)
                ? JsonSerializer.Serialize(new { rows = texts.Count, tokens, seconds = Math.Round(clock.Elapsed.TotalSeconds, 3), output = arguments.GetValue(output) })
                : $"{texts.Count} prompts continued with {tokens} tokens in {clock.Elapsed.TotalSeconds:0.0} s -> {arguments.GetValue(output)}");
            return ExitCodes.Done;
        }, cancellationToken));
        return command;
    }

    private static void Write(string file, IReadOnlyList<PromptRows> prompts, IReadOnlyList<GeneratedText> texts, Tokenizer? tokenizer)
    {
        var lines = new StringBuilder();
        for (var i = 0; i < prompts.Count; i++)
        {
            var row = prompts[i].Row;
            row["ids"] = new JsonArray([.. texts[i].Ids.Select(id => (JsonNode)id)]);
            if (tokenizer is not null)
            {
                row["text"] = tokenizer.Decode([.. texts[i].Ids], skipSpecialTokens: true);
            }

            lines.Append(row.ToJsonString(Line)).Append('\n');
        }

        try
        {
            AtomicFile.WriteAllText(file, lines.ToString());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException(file, null, $"cannot be written: {e.Message}", e);
        }
    }

    private static readonly JsonSerializerOptions Line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static bool HasTokenizer(string folder) =>
        File.Exists(Path.Combine(folder, "tokenizer.json")) || File.Exists(Path.Combine(folder, "vocab.json"));

    private static int InRange(int value, int least, string option) =>
        value >= least ? value : throw new InvalidInputException($"{option} must be at least {least}, not {value}");
}
