using LamdAgent.Contracts;
using LamdAgent.Domain.Steps;
using LamdAgent.Hosting.Bus;

namespace LamdAgent.Hosting.Steps;

/// <summary>The event that tells of an outcome.</summary>
internal static class StepEvents
{
    public static Task PublishAsync(IEventPublisher events, StepRecord step, StepOutcome outcome, CancellationToken cancellation) => outcome switch
    {
        StepOutcome.Produced { Model: var model } when step.DueStage == StepStage.Merge =>
            events.PublishAsync(new ModelsMerged { SearchId = step.SearchId, StepId = step.Id, ModelId = step.ModelId, Digest = model.Digest }, cancellation),
        StepOutcome.Produced { Model: var model } =>
            events.PublishAsync(new ModelTrained { SearchId = step.SearchId, StepId = step.Id, ModelId = step.ModelId, Digest = model.Digest }, cancellation),
        StepOutcome.Scored => events.PublishAsync(new ModelEvaluated { SearchId = step.SearchId, StepId = step.Id, ModelId = step.ModelId }, cancellation),
        StepOutcome.Failed { Failure: var failure } => PublishAsync(events, step, failure, cancellation),
        _ => throw new InvalidOperationException($"unknown outcome {outcome}"),
    };

    private static Task PublishAsync(IEventPublisher events, StepRecord step, StepFailure failure, CancellationToken cancellation) => failure.Kind switch
    {
        StepFailureKind.TrainingRejected => events.PublishAsync(new TrainingRejected { SearchId = step.SearchId, StepId = step.Id, Reason = failure.Reason }, cancellation),
        StepFailureKind.TrainingDiverged => events.PublishAsync(new TrainingDiverged { SearchId = step.SearchId, StepId = step.Id, Reason = failure.Reason }, cancellation),
        StepFailureKind.MergeRejected => events.PublishAsync(new MergeRejected { SearchId = step.SearchId, StepId = step.Id, Reason = failure.Reason }, cancellation),
        StepFailureKind.EvaluationRejected => events.PublishAsync(new EvaluationRejected { SearchId = step.SearchId, StepId = step.Id, Reason = failure.Reason }, cancellation),
        _ => events.PublishAsync(new StepFaulted { SearchId = step.SearchId, StepId = step.Id, Reason = failure.Reason }, cancellation),
    };
}
