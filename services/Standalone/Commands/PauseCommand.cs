using System.CommandLine;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd pause</c>: lets a search of a planner service rest.</summary>
internal static class PauseCommand
{
    public static Command Create()
    {
        var search = new Argument<string>("search") { Description = "Id of the search" };
        var planner = PlannerOption.Create(required: true);
        var json = new Option<bool>("--json") { Description = "Prints the search as one JSON object" };
        var command = new Command("pause", "Lets a search of a planner service rest: what was begun ends, nothing new is sent; lamd resume --planner goes on. Example: lamd pause tool-use-1 --planner http://127.0.0.1:8080") { search, planner, json };
        command.SetAction(async (arguments, cancellation) =>
        {
            using var client = PlannerOption.Connect(arguments.GetValue(planner)!);
            RemoteText.Print(await client.PauseAsync(arguments.GetValue(search)!, cancellation), arguments.GetValue(json));
            return ExitCodes.Done;
        });
        return command;
    }
}
