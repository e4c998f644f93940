using System.CommandLine;
using LamdAgent.Domain;
using LamdAgent.Domain.Specs;
using LamdAgent.Planner.Api;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd submit</c>: hands a spec to a planner service.</summary>
internal static class SubmitCommand
{
    public static Command Create()
    {
        var spec = new Argument<string>("spec") { Description = "The search spec, a YAML file" };
        var planner = PlannerOption.Create(required: true);
        var folder = new Option<string?>("--folder") { Description = "The folder, as the planner sees it, that the spec's relative paths start from (default: the spec's folder)" };
        var id = new Option<string?>("--id") { Description = "Id of the search (default: the spec's name and the time)" };
        var strategy = new Option<string?>("--strategy") { Description = $"Takes the place of the spec's planner.strategy: {string.Join(", ", PlannerSpec.Strategies)}" };
        var steps = new Option<int?>("--steps") { Description = "Takes the place of the spec's budget.steps" };
        var seed = new Option<long?>("--seed") { Description = "Takes the place of the spec's seed" };
        var priority = new Option<int>("--priority") { Description = "Higher is served first (default 0)" };
        var json = new Option<bool>("--json") { Description = "Prints the search as one JSON object" };
        var command = new Command("submit", "Hands a spec to a planner service and prints the search's id. Example: lamd submit search.yaml --planner http://127.0.0.1:8080")
        {
            spec, planner, folder, id, strategy, steps, seed, priority, json,
        };
        command.SetAction(async (arguments, cancellation) =>
        {
            var file = arguments.GetValue(spec)!;
            if (!File.Exists(file))
            {
                throw new InvalidInputException(file, null, "no such file");
            }

            using var client = PlannerOption.Connect(arguments.GetValue(planner)!);
            var search = await client.SubmitAsync(
                new SubmitRequest(
                    await File.ReadAllTextAsync(file, cancellation),
                    file,
                    arguments.GetValue(folder) ?? Path.GetDirectoryName(Path.GetFullPath(file))!,
                    arguments.GetValue(id),
                    arguments.GetValue(strategy),
                    arguments.GetValue(steps),
                    arguments.GetValue(seed),
                    arguments.GetValue(priority)),
                cancellation);
            foreach (var warning in search.Warnings ?? [])
            {
                await Console.Error.WriteLineAsync($"lamd: warning: {warning}");
            }

            RemoteText.Print(search, arguments.GetValue(json), search.Id);
            return ExitCodes.Done;
        });
        return command;
    }
}
