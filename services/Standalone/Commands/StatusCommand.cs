using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using LamdAgent.Domain.Steps;
using LamdAgent.Planner.Searches;
using LamdAgent.Standalone.Runs;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd status</c>: where a run stands.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        var planner = PlannerOption.Create();
        var run = new Argument<string?>("run") { Description = "The run's folder or its name below runs/ (default: the latest); with --planner the id of a search (default: all)", Arity = ArgumentArity.ZeroOrOne };
        var json = new Option<bool>("--json") { Description = "Prints one JSON object" };
        var command = new Command("status", "Shows where a run stands: state, steps with scores, best so far. Example: lamd status runs/tool-use-1") { run, planner, json };
        command.SetAction(async (arguments, cancellation) =>
        {
            if (arguments.GetValue(planner) is { } address)
            {
                return await RemoteAsync(address, arguments.GetValue(run), arguments.GetValue(json), cancellation);
            }

            var folder = RunFolder.Open(arguments.GetValue(run));
            await using var store = await OpenedStore.OpenAsync(folder, mustExist: true, cancellation);
            var snapshot = await store.GetSnapshotAsync(cancellation);
            var driven = IsDriven(folder);
            if (arguments.GetValue(json))
            {
                Console.WriteLine(ToJson(folder, snapshot, driven).ToJsonString(Domain.DomainJson.Options));
            }
            else
            {
                Print(folder, snapshot, driven);
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task<int> RemoteAsync(string planner, string? search, bool json, CancellationToken cancellation)
    {
        using var client = PlannerOption.Connect(planner);
        if (search is null)
        {
            foreach (var each in await client.ListAsync(cancellation))
            {
                RemoteText.Print(each, json);
            }

            return ExitCodes.Done;
        }

        RemoteText.Print(await client.GetAsync(search, cancellation), json);
        if (!json)
        {
            foreach (var step in await client.StepsAsync(search, cancellation))
            {
                Console.WriteLine("  " + RemoteText.Line(step));
            }
        }

        return ExitCodes.Done;
    }

    private static bool IsDriven(RunFolder run)
    {
        using var free = RunLock.TryAcquire(run);
        return free is null;
    }

    private static string StateOf(SearchSnapshot snapshot, bool driven) =>
        snapshot.Search.Status == Domain.Searches.SearchStatus.Running && !driven ? "stopped" : snapshot.Search.Status.ToString().ToLowerInvariant();

    private static void Print(RunFolder folder, SearchSnapshot snapshot, bool driven)
    {
        var state = StateOf(snapshot, driven);
        Console.WriteLine($"{folder.DisplayPath}  {state}{(snapshot.Search.StatusReason is { } reason ? $" ({reason})" : "")}");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"steps {snapshot.SearchSteps.Count(s => s.IsTerminal)}/{snapshot.Spec.Budget.Steps}   strategy {snapshot.Spec.Planner.Strategy}   seed {snapshot.Spec.Seed}   time {StepText.Time(TimeSpan.FromSeconds(snapshot.Search.ActiveSeconds))}"));
        foreach (var step in snapshot.Steps)
        {
            var text = step.State switch
            {
                StepState.Scored when Domain.Scores.ScoreSummary.Aggregate(snapshot.Spec.Tasks, step.Scores) is { } score => StepText.Score(score),
                StepState.Failed => $"failed: {step.Failure?.Reason}",
                _ => $"{step.State.ToString().ToLowerInvariant()} {step.Progress?.Text}".TrimEnd(),
            };
            Console.WriteLine($"  {step.Id}  {StepText.Action(step, snapshot.Spec),-60} {text}");
        }

        if (SearchDriver.Best(snapshot) is { } best)
        {
            Console.WriteLine($"best so far: {best.ModelId}, {StepText.Score(best.Score)} on validation");
        }

        if (state == "stopped")
        {
            Console.WriteLine($"go on with: lamd resume {folder.DisplayPath}");
        }
    }

    private static JsonObject ToJson(RunFolder folder, SearchSnapshot snapshot, bool driven)
    {
        var best = SearchDriver.Best(snapshot);
        return new JsonObject
        {
            ["run"] = folder.Path,
            ["search"] = snapshot.Search.Id,
            ["state"] = StateOf(snapshot, driven),
            ["reason"] = snapshot.Search.StatusReason,
            ["steps_done"] = snapshot.SearchSteps.Count(s => s.IsTerminal),
            ["steps_budget"] = snapshot.Spec.Budget.Steps,
            ["seconds"] = snapshot.Search.ActiveSeconds,
            ["best"] = best is null ? null : new JsonObject { ["model"] = best.ModelId, ["score"] = best.Score.Score, ["stderr"] = best.Score.StandardError },
            ["steps"] = new JsonArray([.. snapshot.Steps.Select(step => (JsonNode)StepJson.Of(step, snapshot))]),
        };
    }
}
