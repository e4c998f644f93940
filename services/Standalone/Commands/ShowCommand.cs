using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Domain;
using LamdAgent.Domain.Pipelines;
using LamdAgent.Domain.Scores;
using LamdAgent.Standalone.Runs;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd show</c>: everything about one model of a run.</summary>
internal static class ShowCommand
{
    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "Id of the model (m-0007), or base, or best" };
        var run = RunOption.Create();
        var recipe = new Option<bool>("--recipe") { Description = "Prints only the recipe, as lamd replay reads it" };
        var json = new Option<bool>("--json") { Description = "Prints one JSON object" };
        var command = new Command("show", "Shows how a model was made and how it scores. Example: lamd show best --run runs/tool-use-1") { model, run, recipe, json };
        command.SetAction(async (arguments, cancellation) =>
        {
            var folder = RunFolder.Open(arguments.GetValue(run));
            await using var store = await OpenedStore.OpenAsync(folder, mustExist: true, cancellation);
            var facts = await ModelFacts.FindAsync(folder, store, arguments.GetValue(model)!, cancellation);
            var snapshot = await store.GetSnapshotAsync(cancellation);
            var models = await store.Store.ListModelsAsync(snapshot.Search.Id, cancellation);
            var pipeline = PipelineRecipe.For(facts.Record.Id, snapshot.Spec, snapshot.Search, models, snapshot.Steps);
            if (arguments.GetValue(recipe))
            {
                Console.Write(pipeline.ToYaml());
                return ExitCodes.Done;
            }

            var curve = facts.Record.StepId is { } step ? await store.Store.ListMetricsAsync(snapshot.Search.Id, step, cancellation) : [];
            if (arguments.GetValue(json))
            {
                Console.WriteLine(new JsonObject
                {
                    ["model"] = JsonSerializer.SerializeToNode(facts.Record, DomainJson.Options),
                    ["path"] = facts.Record.PrunedAt is null ? facts.Folder : null,
                    ["evaluations"] = JsonSerializer.SerializeToNode(facts.Evaluations, DomainJson.Options),
                    ["pipeline"] = pipeline.ToYaml(),
                    ["optimizer_steps"] = curve.Count,
                }.ToJsonString(DomainJson.Options));
                return ExitCodes.Done;
            }

            Console.WriteLine($"{facts.Record.Id}  {facts.Record.Action?.ToString() ?? "a starting model"}");
            Console.WriteLine($"  files   {facts.Pruned(folder) ?? facts.Folder}");
            Console.WriteLine($"  digest  {facts.Record.Digest}");
            foreach (var evaluation in facts.Evaluations)
            {
                foreach (var task in evaluation.Tasks)
                {
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {evaluation.Split.ToString().ToLowerInvariant(),-10} {task.TaskId,-24} {ScoreText.Of(task.Score, task.StandardError)}  ({task.Count} items)"));
                }
            }

            if (curve is [var first, .., var last] && first.Values.ContainsKey("loss") && last.Values.ContainsKey("loss"))
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  loss    {first.Values["loss"]:F3} -> {last.Values["loss"]:F3} in {last.OptimizerStep} optimizer steps"));
            }

            Console.WriteLine("  made by");
            foreach (var line in pipeline.Steps)
            {
                Console.WriteLine($"    {line.Output} = {line.Action}");
            }

            return ExitCodes.Done;
        });
        return command;
    }
}
