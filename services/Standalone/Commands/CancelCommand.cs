using System.CommandLine;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd cancel</c>: ends a search of a planner service.</summary>
internal static class CancelCommand
{
    public static Command Create()
    {
        var search = new Argument<string>("search") { Description = "Id of the search" };
        var planner = PlannerOption.Create(required: true);
        var json = new Option<bool>("--json") { Description = "Prints the search as one JSON object" };
        var command = new Command("cancel", "Ends a search of a planner service; what is under way stops and is dropped. Example: lamd cancel tool-use-1 --planner http://127.0.0.1:8080") { search, planner, json };
        command.SetAction(async (arguments, cancellation) =>
        {
            using var client = PlannerOption.Connect(arguments.GetValue(planner)!);
            RemoteText.Print(await client.CancelAsync(arguments.GetValue(search)!, cancellation), arguments.GetValue(json));
            return ExitCodes.Done;
        });
        return command;
    }
}
