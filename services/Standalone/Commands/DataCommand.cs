using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Evaluation;
using LamdAgent.Evaluation.Contamination;
using LamdAgent.Evaluation.Data;
using LamdAgent.Tokenization;
using LamdAgent.Tokenization.Datasets;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd data check</c>: what a data file becomes for a model, and what is wrong with it.</summary>
internal static class DataCommand
{
    private const int ShownOverlaps = 10;

    public static Command Create()
    {
        var command = new Command("data", "Looks at training data. Example: lamd data check train.jsonl --model DIR");
        command.Subcommands.Add(CreateCheck());
        return command;
    }

    private static Command CreateCheck()
    {
        var path = new Argument<string>("DATASET") { Description = "JSONL file, also .jsonl.gz" };
        var model = new Option<string>("--model") { Description = "Model folder whose tokenizer and chat template are used", Required = true };
        var format = new Option<string>("--format") { Description = $"Row format: {string.Join(", ", DatasetFormatNames.KnownNames)}", DefaultValueFactory = _ => "auto" };
        var maxLength = new Option<int?>("--max-length") { Description = "Report rows with more tokens" };
        var lastTurn = new Option<bool>("--last-turn") { Description = "Only the assistant's last turn trains" };
        var show = new Option<int>("--rows") { Description = "Rows to show as tokens", DefaultValueFactory = _ => 3 };
        var tasks = new Option<string?>("--tasks") { Description = "Evaluation task files, separated by commas, or a folder: also looks for their items among the rows" };
        var json = new Option<bool>("--json") { Description = "The report as JSON" };
        var command = new Command("check", "Shows the rows of a data file as tokens with their loss mask, and every problem in it; exit code 2 if there is one. Example: lamd data check train.jsonl --model DIR --max-length 1024");
        command.Arguments.Add(path);
        foreach (var option in new Option[] { model, format, maxLength, lastTurn, show, tasks, json })
        {
            command.Options.Add(option);
        }

        command.SetAction(arguments =>
        {
            var folder = arguments.GetValue(model)!;
            var tokenizer = Tokenizer.Exists(folder) ? Tokenizer.Load(folder) : null;
            if (tokenizer is not null && File.Exists(Path.Combine(folder, "config.json")))
            {
                tokenizer.EnsureFits(ModelConfig.Read(folder).VocabSize, folder);
            }

            if (arguments.GetValue(maxLength) is < 2)
            {
                throw new InvalidInputException("--max-length must be at least 2");
            }

            var options = new DatasetOptions
            {
                StopAtFirstProblem = false,
                MaxLength = arguments.GetValue(maxLength),
                AssistantTurns = arguments.GetValue(lastTurn) ? AssistantTurns.Last : AssistantTurns.All,
            };
            var checkedData = Check(arguments.GetValue(path)!, DatasetFormatNames.Parse(arguments.GetValue(format)!), tokenizer, options);
            var overlaps = arguments.GetValue(tasks) is { } names
                ? ContaminationIndex.Of(EvaluationTasks.Load(names)).FindInFile(arguments.GetValue(path)!)
                : null;
            if (arguments.GetValue(json))
            {
                Console.WriteLine(WithOverlaps(DataCheckText.Json(checkedData), overlaps));
            }
            else
            {
                DataCheckText.Write(Console.Out, checkedData, tokenizer, arguments.GetValue(show), colours: !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null);
            }

            if (overlaps is not null && !arguments.GetValue(json))
            {
                Console.WriteLine($"{overlaps.Count} rows hold evaluation items");
                foreach (var overlap in overlaps.Take(ShownOverlaps))
                {
                    Console.WriteLine($"  line {overlap.Line}: {overlap.Item} ({overlap.Share:P0})");
                }
            }

            return checkedData.Report.Problems.Count == 0 && overlaps is not { Count: > 0 } ? ExitCodes.Done : ExitCodes.BadInput;
        });
        return command;
    }

    private static string WithOverlaps(string report, IReadOnlyList<ContaminationMatch>? overlaps)
    {
        if (overlaps is null)
        {
            return report;
        }

        var node = JsonNode.Parse(report)!.AsObject();
        node["overlaps"] = new JsonArray([.. overlaps.Select(overlap => (JsonNode)new JsonObject { ["line"] = overlap.Line, ["item"] = overlap.Item, ["share"] = overlap.Share })]);
        return node.ToJsonString(JsonText.Line);
    }

    private static Dataset<TokenRow> Check(string path, DatasetFormat format, Tokenizer? tokenizer, DatasetOptions options)
    {
        format = format == DatasetFormat.Auto ? DatasetReader.Detect(path) : format;
        return format switch
        {
            DatasetFormat.Preference => As(DatasetReader.ReadPreferences(path, tokenizer, options), row => [Join(row.PromptIds, row.ChosenIds, row.Line), Join(row.PromptIds, row.RejectedIds, row.Line)]),
            DatasetFormat.Labelled => As(DatasetReader.ReadLabelled(path, tokenizer, options), row => [Join(row.PromptIds, row.CompletionIds, row.Line)]),
            DatasetFormat.Prompt => As(DatasetReader.ReadPrompts(path, tokenizer, options), row => [Join(row.PromptIds, [], row.Line)]),
            _ => DatasetReader.ReadRows(path, format, tokenizer, options),
        };
    }

    private static Dataset<TokenRow> As<TRow>(Dataset<TRow> data, Func<TRow, TokenRow[]> convert) => new([.. data.Rows.SelectMany(convert)], data.Report, data.ContentDigest);

    private static TokenRow Join(int[] prompt, int[] answer, int line) =>
        new([.. prompt, .. answer], [.. prompt.Select(_ => (byte)0), .. answer.Select(_ => (byte)1)], line);
}
