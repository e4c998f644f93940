using System.CommandLine;
using LamdAgent.Domain;
using LamdAgent.Standalone.Commands;

namespace LamdAgent.Standalone;

/// <summary>The table of contents of <c>lamd</c>: every command it has, and how what happens in one becomes an exit code.</summary>
internal static class LamdCommandLine
{
    // What Ctrl-C gives a command to save its work; a training that ends its step and writes a checkpoint needs more than the library's 2 s.
    private static readonly TimeSpan GracePeriod = TimeSpan.FromSeconds(60);

    /// <summary>Parses and runs. 0: done; 1: failed; 2: bad usage or input.</summary>
    public static async Task<int> InvokeAsync(string[] args)
    {
        var root = new RootCommand("An autonomous post-training lab: searches over whole pipelines of training and merging, and hands back the best model.");
        foreach (var command in Commands())
        {
            root.Subcommands.Add(command);
        }

        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                await Console.Error.WriteLineAsync($"lamd: {error.Message} (see lamd {parsed.CommandResult.Command.Name} --help)");
            }

            return ExitCodes.BadInput;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = GracePeriod });
        }
        catch (InvalidInputException e)
        {
            await Console.Error.WriteLineAsync($"lamd: {e.Message}");
            return ExitCodes.BadInput;
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("lamd: stopped");
            return ExitCodes.Failed;
        }
        catch (Exception e)
        {
            await Console.Error.WriteLineAsync($"lamd: {e.Message}");
            if (Environment.GetEnvironmentVariable("LAMD_TRACE") == "1")
            {
                await Console.Error.WriteLineAsync(e.ToString());
            }

            return ExitCodes.Failed;
        }
    }

    // One line a command, each made by a file in Commands/.
    private static IEnumerable<Command> Commands() =>
    [
        RunCommand.Create(),
        ResumeCommand.Create(),
        StatusCommand.Create(),
        ShowCommand.Create(),
        CompareCommand.Create(),
        ExportCommand.Create(),
        ReplayCommand.Create(),
        PruneCommand.Create(),
        SubmitCommand.Create(),
        WatchCommand.Create(),
        PauseCommand.Create(),
        CancelCommand.Create(),
        QueueCommand.Create(),
        EvaluateCommand.Create(),
        GenerateCommand.Create(),
        GradeCommand.Create(),
        MergeCommand.Create(),
        LogitsCommand.Create(),
        TokenizeCommand.Create(),
        DataCommand.Create(),
        TrainCommand.Create(),
        RewardCommand.Create(),
    ];
}
