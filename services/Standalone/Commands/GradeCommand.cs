using System.CommandLine;
using System.Text.Json.Nodes;
using LamdAgent.Domain;
using LamdAgent.Evaluation;
using LamdAgent.Evaluation.Data;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd grade</c>: judges saved answers again.</summary>
internal static class GradeCommand
{
    public static Command Create()
    {
        var grader = new Option<string?>("--grader") { Description = $"Name of the grader, with its default options: {string.Join(", ", GraderCatalogue.Names)}" };
        var task = new Option<string?>("--task") { Description = "A task file, to grade with its grader and options instead" };
        var input = new Option<string>("--input") { Description = "Rows {\"id\", \"item\", \"response\"}, JSON lines", Required = true };
        var output = new Option<string>("--output") { Description = "The same rows with \"verdict\"", Required = true };
        var json = new Option<bool>("--json") { Description = "Prints the summary as JSON" };
        var command = new Command("grade", "Grades saved answers again. Example: lamd grade --grader gsm8k --input answers.jsonl --output graded.jsonl")
        {
            grader, task, input, output, json,
        };
        command.SetAction(arguments =>
        {
            var name = arguments.GetValue(grader);
            var file = arguments.GetValue(task);
            var judge = (name, file) switch
            {
                (not null, null) => GraderCatalogue.Create(name),
                (null, not null) => EvaluationTask.Load(file).Grader,
                _ => throw new InvalidInputException("give either --grader or --task"),
            };
            var (count, metrics) = SavedAnswers.Grade(judge, arguments.GetValue(input)!, arguments.GetValue(output)!);
            Print(arguments.GetValue(json), judge.Name, count, metrics);
            return ExitCodes.Done;
        });
        return command;
    }

    private static void Print(bool json, string grader, int count, IReadOnlyDictionary<string, MetricValue> metrics)
    {
        if (json)
        {
            Console.WriteLine(new JsonObject
            {
                ["grader"] = grader,
                ["n"] = count,
                ["metrics"] = new JsonObject(metrics.Select(pair => KeyValuePair.Create(
                    pair.Key, (JsonNode?)new JsonObject { ["value"] = pair.Value.Value, ["stderr"] = pair.Value.StandardError }))),
            }.ToJsonString(JsonText.Line));
            return;
        }

        Console.WriteLine($"{grader}: {count} answers graded");
        foreach (var (name, value) in metrics)
        {
            Console.WriteLine(value.StandardError is { } error ? $"  {name,-24} {value.Value:0.0000} ± {error:0.0000}" : $"  {name,-24} {value.Value:0.0000}");
        }
    }
}
