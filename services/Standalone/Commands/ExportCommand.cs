using System.CommandLine;
using LamdAgent.Domain;
using LamdAgent.Domain.Pipelines;
using LamdAgent.Standalone.Runs;
using LamdAgent.Storage.Artifacts;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd export</c>: a model of a run as a Hugging Face folder with a model card.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "Id of the model (m-0007), or base, or best" };
        var to = new Option<string>("--to") { Description = "The new folder; must not exist or be empty", Required = true };
        var run = RunOption.Create();
        var json = new Option<bool>("--json") { Description = "Prints one JSON object" };
        var command = new Command("export", "Copies a model out of a run, with a model card (README.md). Example: lamd export best --to my-model --run runs/tool-use-1") { model, to, run, json };
        command.SetAction(async (arguments, cancellation) =>
        {
            var folder = RunFolder.Open(arguments.GetValue(run));
            await using var store = await OpenedStore.OpenAsync(folder, mustExist: true, cancellation);
            var facts = await ModelFacts.FindAsync(folder, store, arguments.GetValue(model)!, cancellation);
            if (facts.Pruned(folder) is { } pruned)
            {
                throw new InvalidInputException(facts.Folder, null, pruned);
            }

            if (!Directory.Exists(facts.Folder) || ModelDigest.OfFolder(facts.Folder) != facts.Record.Digest)
            {
                throw new InvalidInputException(facts.Folder, null, $"the files of {facts.Record.Id} are gone or were changed after the search");
            }

            var snapshot = await store.GetSnapshotAsync(cancellation);
            var models = await store.Store.ListModelsAsync(snapshot.Search.Id, cancellation);
            var pipeline = PipelineRecipe.For(facts.Record.Id, snapshot.Spec, snapshot.Search, models, snapshot.Steps);
            var destination = arguments.GetValue(to)!;
            ModelCopy.Write(facts.Folder, destination, ModelCardText.Write(facts, pipeline, snapshot.Spec.Goal));
            Console.WriteLine(arguments.GetValue(json)
                ? System.Text.Json.JsonSerializer.Serialize(new { model = facts.Record.Id, path = Path.GetFullPath(destination), digest = facts.Record.Digest }, DomainJson.Options)
                : $"{facts.Record.Id} is in {destination}");
            return ExitCodes.Done;
        });
        return command;
    }
}
