using System.CommandLine;
using LamdAgent.Standalone.Runs;

namespace LamdAgent.Standalone.Commands;

/// <summary><c>lamd resume</c>: goes on with a run that was stopped or killed.</summary>
internal static class ResumeCommand
{
    public static Command Create()
    {
        var run = new Argument<string?>("run") { Description = "The run's folder or its name below runs/ (default: the latest)", Arity = ArgumentArity.ZeroOrOne };
        var json = new Option<bool>("--json") { Description = "Prints the result as one JSON object" };
        var command = new Command("resume", "Goes on with a run where it was stopped or killed; a run that is done is reported again. Example: lamd resume runs/tool-use-1") { run, json };
        command.SetAction(async (arguments, cancellation) =>
        {
            var folder = RunFolder.Open(arguments.GetValue(run));
            using var taken = RunLock.Acquire(folder);
            var view = RunView.ForConsole();
            view.Say($"run {folder.DisplayPath} goes on");
            return await RunOutcome.ConcludeAsync(folder, view, arguments.GetValue(json), token => RunSession.ContinueAsync(folder, view, token), cancellation);
        });
        return command;
    }
}
