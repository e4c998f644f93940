using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Modeling.Scoring;
using LamdAgent.Tokenization;
using LamdAgent.Tokenization.Datasets;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd reward</c>: asks a trained reward model about answers.</summary>
internal static class RewardCommand
{
    public static Command Create()
    {
        var model = new ModelArguments();
        var input = new Option<string>("--input") { Description = "A data file: pairs (\"prompt\", \"chosen\", \"rejected\"), or answers (\"prompt\", \"completion\"; \"messages\"; \"text\"; \"input_ids\")", Required = true };
        var output = new Option<string>("--output") { Description = "The same rows with \"reward\", or \"chosen_reward\" and \"rejected_reward\"", Required = true };
        var json = new Option<bool>("--json") { Description = "The summary as JSON" };
        var command = new Command("reward", "Scores answers with a reward model (lamd train, method: reward). Example: lamd reward --model DIR --input pairs.jsonl --output scored.jsonl");
        model.AddTo(command);
        foreach (var option in new Option[] { input, output, json })
        {
            command.Options.Add(option);
        }

        command.SetAction((arguments, cancellationToken) => Task.Run(() =>
        {
            var (file, folder) = (arguments.GetValue(input)!, model.Folder(arguments));
            var tokenizer = Tokenizer.Exists(folder) ? Tokenizer.Load(folder) : null;
            var pairs = DatasetReader.Detect(file) == DatasetFormat.Preference ? DatasetReader.ReadPreferences(file, tokenizer).Rows : null;
            var texts = pairs is null ? DatasetReader.ReadRows(file, DatasetFormat.Auto, tokenizer).Rows : null;
            using var loaded = model.LoadRewardModel(arguments);
            var sequences = pairs is null
                ? texts!.Select(r => (IReadOnlyList<int>)r.InputIds).ToList()
                : [.. pairs.SelectMany(r => (IReadOnlyList<int>[])[[.. r.PromptIds, .. r.ChosenIds], [.. r.PromptIds, .. r.RejectedIds]])];
            var rewards = new RewardScorer(loaded).Score(sequences, cancellationToken);
            Write(file, arguments.GetValue(output)!, pairs is null ? [.. texts!.Select(r => r.Line)] : [.. pairs.Select(r => r.Line)], rewards, pairs is not null);
            Print(arguments.GetValue(json), rewards, pairs is not null);
            return ExitCodes.Done;
        }, cancellationToken));
        return command;
    }

    private static readonly JsonSerializerOptions Line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static void Write(string input, string output, IReadOnlyList<int> lines, IReadOnlyList<double> rewards, bool pairs)
    {
        var rows = JsonLines.Read(input).ToDictionary(r => r.Line, r => JsonObject.Create(r.Value)!);
        var text = new StringBuilder();
        for (var i = 0; i < lines.Count; i++)
        {
            var row = rows[lines[i]];
            if (pairs)
            {
                row["chosen_reward"] = rewards[2 * i];
                row["rejected_reward"] = rewards[(2 * i) + 1];
            }
            else
            {
                row["reward"] = rewards[i];
            }

            text.Append(row.ToJsonString(Line)).Append('\n');
        }

        try
        {
            AtomicFile.WriteAllText(output, text.ToString());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException(output, null, $"cannot be written: {e.Message}", e);
        }
    }

    private static void Print(bool json, IReadOnlyList<double> rewards, bool pairs)
    {
        double? accuracy = pairs ? Enumerable.Range(0, rewards.Count / 2).Average(i => rewards[2 * i] > rewards[(2 * i) + 1] ? 1.0 : 0.0) : null;
        var rows = pairs ? rewards.Count / 2 : rewards.Count;
        Console.WriteLine(json
            ? new JsonObject { ["rows"] = rows, ["mean_reward"] = rewards.Average(), ["accuracy"] = accuracy }.ToJsonString(Line)
            : string.Create(CultureInfo.InvariantCulture, $"{rows} rows, mean reward {rewards.Average():F4}{(accuracy is { } a ? $", the chosen answer is ahead in {a:P1}" : "")}"));
    }
}
