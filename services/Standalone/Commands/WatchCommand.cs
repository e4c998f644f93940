using System.CommandLine;
using System.Text.Json;
using LamdAgent.Domain;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd watch</c>: follows a search of a planner service to its end.</summary>
internal static class WatchCommand
{
    public static Command Create()
    {
        var search = new Argument<string>("search") { Description = "Id of the search" };
        var planner = PlannerOption.Create(required: true);
        var json = new Option<bool>("--json") { Description = "Prints each changed step as one JSON object a line" };
        var command = new Command("watch", "Follows a search of a planner service to its end. Example: lamd watch tool-use-1 --planner http://127.0.0.1:8080") { search, planner, json };
        command.SetAction(async (arguments, cancellation) =>
        {
            using var client = PlannerOption.Connect(arguments.GetValue(planner)!);
            var id = arguments.GetValue(search)!;
            await foreach (var step in client.WatchAsync(id, cancellation))
            {
                Console.WriteLine(arguments.GetValue(json) ? JsonSerializer.Serialize(step, DomainJson.Options) : RemoteText.Line(step));
            }

            var end = await client.GetAsync(id, cancellation);
            await Console.Error.WriteLineAsync(RemoteText.Line(end));
            return RemoteText.ExitCode(end.Status);
        });
        return command;
    }
}
