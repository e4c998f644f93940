using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Planner.Searches;
using LamdAgent.Standalone.Runs;
using LamdAgent.Storage.Artifacts;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd prune</c>: makes room by deleting the weights of models that lost.</summary>
internal static class PruneCommand
{
    public static Command Create()
    {
        var planner = PlannerOption.Create();
        var run = new Argument<string?>("run") { Description = "The run's folder or its name below runs/ (default: the latest); with --planner the id of a search", Arity = ArgumentArity.ZeroOrOne };
        var finalists = new Option<int>("--finalists") { Description = "How many of the best models to keep, the best among them", DefaultValueFactory = _ => ModelPruning.DefaultFinalists };
        var dryRun = new Option<bool>("--dry-run") { Description = "Says what would go and deletes nothing" };
        var json = new Option<bool>("--json") { Description = "Prints one JSON object" };
        var command = new Command(
            "prune", "Deletes the weights of models but for the starting ones, the plain SFT, the best and what these descend from; records and recipes stay. Example: lamd prune runs/tool-use-1 --dry-run")
        {
            run, finalists, dryRun, planner, json,
        };
        command.SetAction(async (arguments, cancellation) =>
        {
            var result = arguments.GetValue(planner) is { } address
                ? await RemoteAsync(address, arguments.GetValue(run), arguments.GetValue(finalists), arguments.GetValue(dryRun), cancellation)
                : await LocalAsync(arguments.GetValue(run), arguments.GetValue(finalists), arguments.GetValue(dryRun), cancellation);
            if (arguments.GetValue(json))
            {
                Console.WriteLine(JsonSerializer.Serialize(result, DomainJson.Options));
            }
            else
            {
                Print(result);
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task<PruneResult> RemoteAsync(string address, string? search, int finalists, bool dryRun, CancellationToken cancellation)
    {
        using var client = PlannerOption.Connect(address);
        return await client.PruneAsync(search ?? throw new InvalidInputException("prune --planner needs the id of a search"), finalists, dryRun, cancellation);
    }

    private static async Task<PruneResult> LocalAsync(string? run, int finalists, bool dryRun, CancellationToken cancellation)
    {
        var folder = RunFolder.Open(run);
        using var taken = dryRun ? null : RunLock.Acquire(folder);
        await using var store = await OpenedStore.OpenAsync(folder, mustExist: true, cancellation);
        var search = await store.GetSearchAsync(cancellation);
        return (await ModelPruning.RunAsync(store.Store, new FolderArtifactStore(folder.Path, oneSearch: true), search.Id, finalists, dryRun, TimeProvider.System, cancellation))!;
    }

    private static void Print(PruneResult result)
    {
        foreach (var model in result.Pruned)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(result.DryRun ? "would go" : "pruned")}  {model.Model ?? "left over",-10}  {model.Bytes,15:N0} bytes  {(model.Score is { } score ? $"{score:F3}" : "no score"),8}  {model.Artifact}"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.Pruned.Count} {(result.DryRun ? "would be pruned" : "pruned")}, {result.Bytes:N0} bytes; kept: {string.Join(", ", result.Kept)}"));
    }
}
