using System.Diagnostics;
using System.Diagnostics.Metrics;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Hosting.Steps;

/// <summary>
/// Traces and metrics of steps. One step is one trace: its context is stored with the step when it is planned, and every command about it is sent within it, whatever made the planner send it; the bus
/// carries it to the workers and back.
/// </summary>
public static class StepTelemetry
{
    /// <summary>Name of the activity source and of the meter.</summary>
    public const string Name = "LamdAgent";

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);
    private static readonly Histogram<double> Seconds = Meter.CreateHistogram<double>("lamd.step.duration", "s", "Working time of a stage, by stage and outcome");
    private static readonly Counter<long> SteppedAside = Meter.CreateCounter<long>("lamd.step.stepped_aside", description: "Commands that were put aside, by stage and reason");

    /// <summary>Begins the trace of a step that is being planned, with a link to what led to it, and gives its context for <see cref="StepRecord.TraceParent"/>; null when nobody listens.</summary>
    public static string? BeginTrace(StepRecord step)
    {
        var current = Activity.Current;
        try
        {
            Activity.Current = null; // a trace of its own, not a part of the trace of the step before
            ActivityLink[] links = current is null ? [] : [new ActivityLink(current.Context)];
            using var first = Tag(Source.StartActivity(ActivityKind.Internal, links: links, name: "plan step"), step.SearchId, step.Id);
            return first?.Id;
        }
        finally
        {
            Activity.Current = current;
        }
    }

    /// <summary>Sending the command for a stage of a step, within the step's trace.</summary>
    public static Activity? Dispatch(StepRecord step, StepStage stage) =>
        ActivityContext.TryParse(step.TraceParent, null, isRemote: true, out var context)
            ? Tag(Source.StartActivity($"dispatch {stage}", ActivityKind.Internal, context), step.SearchId, step.Id)
            : null;

    /// <summary>Work on a step that was claimed. A command may have given its permit to another step than it names: that one's trace is not the command's, then.</summary>
    internal static Activity? Begin(StepRecord step, StepStage stage)
    {
        var command = Activity.Current;
        var begun = ActivityContext.TryParse(step.TraceParent, null, isRemote: true, out var own) && own.TraceId != command?.TraceId
            ? Source.StartActivity($"step {stage}", ActivityKind.Internal, own, links: command is null ? null : [new ActivityLink(command.Context)])
            : Source.StartActivity($"step {stage}", ActivityKind.Internal);
        return Tag(begun, step.SearchId, step.Id);
    }

    internal static void End(StepStage stage, string outcome, double seconds) => Seconds.Record(seconds, new("stage", stage.ToString()), new("outcome", outcome));

    internal static void Aside(StepStage stage, ClaimOutcome outcome) => SteppedAside.Add(1, new("stage", stage.ToString()), new("reason", outcome.ToString()));

    private static Activity? Tag(Activity? activity, string searchId, string stepId) => activity?.SetTag("lamd.search", searchId).SetTag("lamd.step", stepId);
}
