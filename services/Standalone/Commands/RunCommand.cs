using System.CommandLine;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Specs;
using LamdAgent.Planner.Estimates;
using LamdAgent.Planner.Submission;
using LamdAgent.Standalone.Runs;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd run</c>: a whole search in this process.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var spec = new Argument<string>("spec") { Description = "The search spec, a YAML file" };
        var output = new Option<string?>("--out") { Description = "Folder of the run; must be empty or not exist (default: runs/NAME-N)" };
        var strategy = new Option<string?>("--strategy") { Description = $"Takes the place of the spec's planner.strategy: {string.Join(", ", PlannerSpec.Strategies)}" };
        var steps = new Option<int?>("--steps") { Description = "Takes the place of the spec's budget.steps" };
        var seed = new Option<long?>("--seed") { Description = "Takes the place of the spec's seed" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Checks everything and prints the action space and estimates; runs nothing" };
        var json = new Option<bool>("--json") { Description = "Prints the result as one JSON object" };
        var command = new Command("run", "Runs a search: trains, merges and evaluates until the budget is used, then reports. Example: lamd run shared/samples/tool-use/search.yaml")
        {
            spec, output, strategy, steps, seed, dryRun, json,
        };
        command.SetAction(async (arguments, cancellation) =>
        {
            var overrides = new SearchOverrides(arguments.GetValue(strategy), arguments.GetValue(steps), arguments.GetValue(seed));
            var prepared = SearchSubmission.Prepare(
                arguments.GetValue(spec)!, searchId: null, overrides, TimeProvider.System, Environment.GetEnvironmentVariable, MachineResources.OfThisMachine(arguments.GetValue(output) ?? RunFolder.DefaultParent));
            if (arguments.GetValue(dryRun))
            {
                return DryRun.Print(prepared, arguments.GetValue(json));
            }

            prepared.RequireFit();
            var (folder, taken) = RunFolder.Create(arguments.GetValue(output), prepared.Spec.Name);
            using (taken)
            {
                var view = RunView.ForConsole();
                view.Say($"run {folder.DisplayPath}: {prepared.Spec.Budget.Steps} steps, strategy {prepared.Spec.Planner.Strategy}, seed {prepared.Spec.Seed}");
                foreach (var warning in prepared.Warnings)
                {
                    view.Say($"warning: {warning}");
                }

                return await RunOutcome.ConcludeAsync(folder, view, arguments.GetValue(json), token => RunSession.StartAsync(folder, prepared, view, token), cancellation);
            }
        });
        return command;
    }
}
