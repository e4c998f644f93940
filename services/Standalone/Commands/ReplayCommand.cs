using System.CommandLine;
using LamdAgent.Domain;
using LamdAgent.Domain.Pipelines;
using LamdAgent.Standalone.Runs;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd replay</c>: makes a model again from its recipe.</summary>
internal static class ReplayCommand
{
    public static Command Create()
    {
        var recipe = new Argument<string>("pipeline") { Description = "The recipe: pipeline.yaml of a run" };
        var output = new Option<string>("--output") { Description = "Folder of the model; must not exist or be empty", Required = true };
        var baseModel = new Option<string?>("--base") { Description = "Another folder in the place of the recipe's first starting model" };
        var models = new Option<string[]>("--model") { Description = "NAME=FOLDER: another folder in the place of a starting model; may be given several times", AllowMultipleArgumentsPerToken = false };
        var datasets = new Option<string[]>("--dataset") { Description = "ID=FILE: another file in the place of a dataset; may be given several times" };
        var json = new Option<bool>("--json") { Description = "Prints one JSON object" };
        var command = new Command("replay", "Makes a model again from its recipe, on the same inputs (then the result is compared) or on others. Example: lamd replay runs/tool-use-1/pipeline.yaml --output again")
        {
            recipe, output, baseModel, models, datasets, json,
        };
        command.SetAction((arguments, cancellation) =>
        {
            var file = arguments.GetValue(recipe)!;
            if (!File.Exists(file))
            {
                throw new InvalidInputException(file, null, "no such file");
            }

            var read = PipelineRecipe.Parse(File.ReadAllText(file), file, Path.GetDirectoryName(Path.GetFullPath(file))!);
            var pipeline = ReplayInputs.Replace(read, arguments.GetValue(baseModel), arguments.GetValue(models) ?? [], arguments.GetValue(datasets) ?? []);
            var replay = new PipelineReplay(pipeline, arguments.GetValue(output)!, line => Console.Error.WriteLine(line));
            var (digest, expected) = replay.Run(cancellation);
            Console.WriteLine(arguments.GetValue(json)
                ? System.Text.Json.JsonSerializer.Serialize(new { model = pipeline.Result, path = Path.GetFullPath(arguments.GetValue(output)!), digest, same_as_recorded = expected is null ? (bool?)null : digest == expected }, DomainJson.Options)
                : $"{pipeline.Result} is in {arguments.GetValue(output)}" + (expected is null ? "" : digest == expected ? ", the same bytes as the search made" : ", NOT the bytes that the search made (another machine or version computes in another order)"));
            return Task.FromResult(ExitCodes.Done);
        });
        return command;
    }
}
