using System.Diagnostics;
using System.Diagnostics.Metrics;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Hosting.Steps;

/// <summary>Traces and metrics of work on steps. The bus carries the trace from service to service, so one step is one trace.</summary>
internal static class StepTelemetry
{
    public const string Name = "LamdAgent";

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);
    private static readonly Histogram<double> Seconds = Meter.CreateHistogram<double>("lamd.step.duration", "s", "Working time of a stage, by stage and outcome");
    private static readonly Counter<long> SteppedAside = Meter.CreateCounter<long>("lamd.step.stepped_aside", description: "Commands that were put aside, by stage and reason");

    public static Activity? Begin(string searchId, string stepId, StepStage stage) =>
        Source.StartActivity($"step {stage}", ActivityKind.Internal)?.SetTag("lamd.search", searchId).SetTag("lamd.step", stepId);

    public static void Rename(Activity? trace, string searchId, string stepId) => trace?.SetTag("lamd.search", searchId).SetTag("lamd.step", stepId);

    public static void End(StepStage stage, string outcome, double seconds) => Seconds.Record(seconds, new("stage", stage.ToString()), new("outcome", outcome));

    public static void Aside(StepStage stage, ClaimOutcome outcome) => SteppedAside.Add(1, new("stage", stage.ToString()), new("reason", outcome.ToString()));
}
