using System.Globalization;
using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;
using LamdAgent.Planner.Api;
using LamdAgent.Standalone.Runs;

namespace LamdAgent.Standalone.Commands;

/// <summary>Searches of a planner service in words, or as JSON.</summary>
internal static class RemoteText
{
    public static void Print(SearchSummary search, bool json, string? text = null) =>
        Console.WriteLine(json ? JsonSerializer.Serialize(search, DomainJson.Options) : text ?? Line(search));

    public static string Line(SearchSummary search) =>
        $"{search.Id}  {search.Status.ToString().ToLowerInvariant()}{(search.StatusReason is { } reason ? $" ({reason})" : "")}  "
        + $"{(search.Steps.Count == 0 ? "no steps yet" : string.Join(", ", search.Steps.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Value} {s.Key.ToString().ToLowerInvariant()}"))))}  "
        + StepText.Time(TimeSpan.FromSeconds(search.ActiveSeconds));

    public static string Line(StepRecord step)
    {
        var scores = step.Scores is null
            ? ""
            : "  " + string.Join(", ", step.Scores.Select(s => $"{s.TaskId} {ScoreText.Of(s.Score, s.StandardError)}"));
        return $"{step.Id}  {step.ModelId} = {step.Action}  {step.State.ToString().ToLowerInvariant()}{scores}{(step.Failure is { } failure ? $": {failure.Reason}" : "")}{(step is { IsTerminal: false, Progress.Text: { } progress } ? $"  {progress}" : "")}";
    }

    /// <summary>0 while a search goes on or is done, 1 when it came to another end.</summary>
    public static int ExitCode(SearchStatus status) => status is SearchStatus.Failed or SearchStatus.Cancelled ? ExitCodes.Failed : ExitCodes.Done;
}
