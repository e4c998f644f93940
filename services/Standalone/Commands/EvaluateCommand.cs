using System.CommandLine;
using System.Diagnostics;
using LamdAgent.Domain;
using LamdAgent.Evaluation;
using LamdAgent.Evaluation.Data;
using LamdAgent.Evaluator.Models;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd evaluate</c>: scores a model on tasks.</summary>
internal static class EvaluateCommand
{
    public static Command Create()
    {
        var model = new ModelArguments();
        var tasks = new Option<string>("--tasks") { Description = "Task files, separated by commas, or a folder of them", Required = true };
        var output = new Option<string>("--output") { Description = "Folder for results.json and samples_TASK.jsonl", Required = true };
        var split = new Option<string>("--split") { Description = "validation or test", DefaultValueFactory = _ => "validation" };
        var limit = new Option<int?>("--limit") { Description = "Only the first so many items of each task; the score is then marked as such" };
        var batch = new Option<int>("--batch-size") { Description = "Prompts computed at once", DefaultValueFactory = _ => 32 };
        var json = new Option<bool>("--json") { Description = "Prints the results as JSON" };
        var command = new Command("evaluate", "Scores a model. Example: lamd evaluate --model DIR --tasks shared/samples/tool-use/tasks --output OUT");
        model.AddTo(command);
        foreach (var option in new Option[] { tasks, output, split, limit, batch, json })
        {
            command.Options.Add(option);
        }

        command.SetAction((arguments, cancellation) => Task.Run(() =>
        {
            var chosen = arguments.GetValue(split) switch
            {
                "validation" => EvaluationSplit.Validation,
                "test" => EvaluationSplit.Test,
                var other => throw new InvalidInputException($"--split must be validation or test, not '{other}'"),
            };
            if (arguments.GetValue(limit) < 1 || arguments.GetValue(batch) < 1)
            {
                throw new InvalidInputException("--limit and --batch-size must be at least 1");
            }

            // Everything that can be wrong with the tasks is found before the model is loaded.
            var list = EvaluationTasks.Load(arguments.GetValue(tasks)!);
            list.ForEach(task => task.DataPath(chosen));
            var folder = arguments.GetValue(output)!;
            if (File.Exists(folder))
            {
                throw new InvalidInputException(folder, null, "is a file, expected a folder");
            }

            using var loaded = new TorchLanguageModel(model.Load(arguments), model.Folder(arguments), arguments.GetValue(batch));
            var results = list.ConvertAll(task => Run(loaded, task, chosen, new EvaluationOptions { Limit = arguments.GetValue(limit) }, cancellation));
            EvaluationReport.Write(folder, results);
            Print(arguments.GetValue(json), results, folder);
            return ExitCodes.Done;
        }, cancellation));
        return command;
    }

    private static TaskResult Run(TorchLanguageModel model, EvaluationTask task, EvaluationSplit split, EvaluationOptions options, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        var result = TaskEvaluator.Evaluate(model, task, split, options, new Percentage(task.Name), cancellation);
        Console.Error.WriteLine($"\r{task.Name}: {result.Count} items in {clock.Elapsed.TotalSeconds:0.0} s");
        return result;
    }

    private static void Print(bool json, List<TaskResult> results, string folder)
    {
        if (json)
        {
            Console.WriteLine(EvaluationReport.ToJson(results).ToJsonString(JsonText.Line));
            return;
        }

        Console.WriteLine($"{"task",-24} {"version",7} {"metric",-24} {"n",6}  score");
        foreach (var result in results)
        {
            var error = result.StandardError is { } value ? $" ± {value:0.0000}" : "";
            Console.WriteLine($"{result.Task,-24} {result.Version,7} {result.Metric,-24} {result.Count,6}  {result.Score:0.0000}{error}");
        }

        Console.WriteLine($"results and samples: {folder}");
    }

    private sealed class Percentage(string task) : IProgress<double>
    {
        public void Report(double value) => Console.Error.Write($"\r{task}: {value:P0}");
    }
}
