using System.CommandLine;
using LamdAgent.Domain;
using LamdAgent.Standalone.Runs;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd resume</c>: goes on with a run that was stopped or killed.</summary>
internal static class ResumeCommand
{
    public static Command Create()
    {
        var planner = PlannerOption.Create();
        var run = new Argument<string?>("run") { Description = "The run's folder or its name below runs/ (default: the latest); with --planner the id of a paused search", Arity = ArgumentArity.ZeroOrOne };
        var json = new Option<bool>("--json") { Description = "Prints the result as one JSON object" };
        var command = new Command("resume", "Goes on with a run where it was stopped or killed; a run that is done is reported again. Example: lamd resume runs/tool-use-1") { run, planner, json };
        command.SetAction(async (arguments, cancellation) =>
        {
            if (arguments.GetValue(planner) is { } address)
            {
                using var client = PlannerOption.Connect(address);
                var search = arguments.GetValue(run) ?? throw new InvalidInputException("resume --planner needs the id of a search");
                RemoteText.Print(await client.ResumeAsync(search, cancellation), arguments.GetValue(json));
                return ExitCodes.Done;
            }

            var folder = RunFolder.Open(arguments.GetValue(run));
            using var taken = RunLock.Acquire(folder);
            var view = RunView.ForConsole();
            view.Say($"run {folder.DisplayPath} goes on");
            return await RunOutcome.ConcludeAsync(folder, view, arguments.GetValue(json), token => RunSession.ContinueAsync(folder, view, token), cancellation);
        });
        return command;
    }
}
