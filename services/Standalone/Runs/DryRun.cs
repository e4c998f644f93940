using System.Globalization;
using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Planner.Estimates;
using LamdAgent.Planner.Submission;

namespace LamdAgent.Standalone.Runs;

/// <summary>What a search would do and take, without doing it.</summary>
internal static class DryRun
{
    public static int Print(PreparedSearch prepared, bool json)
    {
        var estimate = prepared.Estimate;
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new { search = prepared.Spec.Name, estimate, warnings = prepared.Warnings }, DomainJson.Options));
        }
        else
        {
            Print(prepared, estimate);
        }

        return estimate.Problems.Count == 0 ? ExitCodes.Done : ExitCodes.BadInput;
    }

    private static void Print(PreparedSearch prepared, SearchEstimate estimate)
    {
        var spec = prepared.Spec;
        Console.WriteLine($"{spec.Name}: {estimate.Steps} steps, strategy {spec.Planner.Strategy}, seed {spec.Seed}; {spec.Models.Count} model(s), {spec.Datasets.Count} dataset(s), {spec.Tasks.Count} task(s)\n");
        Console.WriteLine($"{"action",-20}{"hyper-parameters",18}{"datasets",10}{"actions at start",18}{"at the end",14}");
        foreach (var action in estimate.Actions)
        {
            Console.WriteLine($"{action.Type,-20}{action.ParameterSets,18}{action.Datasets,10}{action.AtStart,18}{action.AtEnd,14}");
        }

        Line("\nmodel", $"{estimate.ModelParameters / 1e6:F2} million parameters, {Size(estimate.ModelBytes)}");
        Line("memory", $"{Size(estimate.TrainingMemoryBytes)} for the largest training, {Size(estimate.MemoryAvailableBytes ?? 0)} there");
        Line("disk", $"{Size(estimate.DiskBytes)} for all models{(estimate.DiskFreeBytes is { } free ? $", {Size(free)} free" : "")}");
        Line("time", $"about {StepText.Time(TimeSpan.FromSeconds(estimate.Seconds))} on this machine without a GPU");
        Line("tokens", string.Create(CultureInfo.InvariantCulture, $"{estimate.TrainingTokens / 1e6:F1} million trained on, {estimate.EvaluationTokens / 1e6:F2} million generated at most{(estimate.LlmTokens > 0 ? $", {estimate.LlmTokens / 1e3:F0} thousand of the agent" : "")}"));
        foreach (var warning in prepared.Warnings)
        {
            Console.Error.WriteLine($"lamd: warning: {warning}");
        }

        foreach (var problem in estimate.Problems)
        {
            Console.Error.WriteLine($"lamd: {problem}");
        }
    }

    private static void Line(string name, FormattableString text) => Console.WriteLine($"{name,-8}{text.ToString(CultureInfo.InvariantCulture)}");

    private static void Line(string name, string text) => Console.WriteLine($"{name,-8}{text}");

    private static string Size(long bytes) => bytes switch
    {
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:F1} GB"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:F1} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:F1} kB"),
    };
}
