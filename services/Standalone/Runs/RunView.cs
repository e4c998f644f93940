using System.Globalization;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;
using LamdAgent.Planner.Searches;
using LamdAgent.Storage;
using Spectre.Console;

namespace LamdAgent.Standalone.Runs;

/// <summary>
/// What a person sees while a search runs, on stderr: a line for each step that ended, and on a terminal one more line, rewritten in place, with what goes on now,
/// the best so far and the time left.
/// </summary>
internal sealed class RunView
{
    private const string ClearLine = "\r\u001b[2K";
    private readonly TextWriter output;
    private readonly IAnsiConsole? terminal;
    private readonly TimeProvider clock;
    private readonly HashSet<string> told = new(StringComparer.Ordinal);
    private readonly long started;
    private bool firstLook = true;

    public RunView(TextWriter output, bool isTerminal, TimeProvider clock)
    {
        this.output = output;
        this.clock = clock;
        started = clock.GetTimestamp();
        terminal = isTerminal ? AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) }) : null;
    }

    /// <summary>For this process: live where stderr is a terminal.</summary>
    public static RunView ForConsole() => new(Console.Error, !Console.IsErrorRedirected, TimeProvider.System);

    public void Say(string line)
    {
        Clear();
        output.WriteLine(line);
    }

    public async Task UpdateAsync(IRunStore store, string searchId, CancellationToken cancellation)
    {
        if (await store.GetSearchAsync(searchId, cancellation) is not { } search)
        {
            return;
        }

        var models = await store.ListModelsAsync(searchId, cancellation);
        var snapshot = new SearchSnapshot(
            search, SearchSnapshot.SpecOf(search), [.. models.Where(m => m.StepId is null).OrderBy(m => m.Id, StringComparer.Ordinal)], await store.ListStepsAsync(searchId, cancellation));
        Update(snapshot);
    }

    public void Close() => Clear();

    private void Update(SearchSnapshot snapshot)
    {
        var best = SearchDriver.Best(snapshot);
        foreach (var step in snapshot.Steps.Where(step => step.IsTerminal && told.Add(step.Id)))
        {
            // What a resumed run did before is counted, not told again.
            if (!firstLook)
            {
                Tell(step, snapshot, best);
            }
        }

        if (firstLook && told.Count > 0)
        {
            Say($"{snapshot.SearchSteps.Count(s => s.IsTerminal)} of {snapshot.Spec.Budget.Steps} steps were done before");
        }

        firstLook = false;
        ShowNow(snapshot, best);
    }

    private void Tell(StepRecord step, SearchSnapshot snapshot, ModelStanding? best)
    {
        var (text, colour) = step.State switch
        {
            StepState.Scored when ScoreSummary.Aggregate(snapshot.Spec.Tasks, step.Scores) is { } score =>
                (StepText.Score(score), best?.ModelId == step.ModelId ? "green" : "default"),
            StepState.Failed => ($"failed: {step.Failure?.Reason}", "red"),
            _ => (step.State.ToString().ToLowerInvariant(), "yellow"),
        };
        var bestText = step.Role == StepRole.Final || best is null ? "" : string.Create(CultureInfo.InvariantCulture, $"   best {best.Score.Score:F3} ({best.ModelId})");
        Clear();
        var head = $"{StepText.Position(step, snapshot.Spec.Budget.Steps),-9} {StepText.Action(step, snapshot.Spec),-58} ";
        var tail = string.Create(CultureInfo.InvariantCulture, $"{bestText}   {step.Seconds:F1} s");
        if (terminal is not null)
        {
            terminal.MarkupLine($"{Markup.Escape(head)}[{colour}]{Markup.Escape(text)}[/]{Markup.Escape(tail)}");
        }
        else
        {
            output.WriteLine(head + text + tail);
        }

        if (step.DecidedBy.Contains("fallback", StringComparison.Ordinal))
        {
            output.WriteLine($"          chosen by {step.DecidedBy}");
        }
    }

    private void ShowNow(SearchSnapshot snapshot, ModelStanding? best)
    {
        if (terminal is null || snapshot.Search.Status != SearchStatus.Running)
        {
            return;
        }

        var working = snapshot.Steps.Where(s => !s.IsTerminal && s.LeaseHolder is not null)
            .Select(s => $"{StepText.Position(s, snapshot.Spec.Budget.Steps)} {s.Action.Type}: {s.State.ToString().ToLowerInvariant()} {s.Progress?.Text}".TrimEnd());
        var parts = new List<string> { string.Join(" | ", working) };
        if (best is not null)
        {
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"best {best.Score.Score:F3}"));
        }

        if (TimeLeft(snapshot) is { } left)
        {
            parts.Add($"about {StepText.Time(left)} left");
        }

        var line = "  " + string.Join("   ", parts.Where(part => part.Length > 0));
        var width = Math.Max(20, terminal.Profile.Width - 1);
        output.Write(ClearLine + (line.Length > width ? line[..width] : line));
    }

    private TimeSpan? TimeLeft(SearchSnapshot snapshot)
    {
        var done = snapshot.SearchSteps.Where(s => s.IsTerminal).ToList();
        if (done.Count == 0)
        {
            return null;
        }

        var each = Math.Max(done.Average(s => s.Seconds), 0.1);
        var ends = TimeSpan.FromSeconds(each * Math.Max(0, snapshot.Spec.Budget.Steps - done.Count) / Math.Max(1, snapshot.Spec.Planner.StepsInFlight));
        var wall = snapshot.Spec.Budget.WallTime - TimeSpan.FromSeconds(snapshot.Search.ActiveSeconds);
        return wall < ends ? (wall > TimeSpan.Zero ? wall : TimeSpan.Zero) : ends;
    }

    /// <summary>Time since this process took the run up.</summary>
    public TimeSpan Elapsed => clock.GetElapsedTime(started);

    private void Clear()
    {
        if (terminal is not null)
        {
            output.Write(ClearLine);
        }
    }
}
