using System.Collections.Concurrent;
using LamdAgent.Contracts;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Scores;
using LamdAgent.Domain.Steps;
using LamdAgent.Hosting.Bus;
using LamdAgent.Hosting.Steps;

namespace LamdAgent.Scale.Tests;

/// <summary>
/// Work that takes no time, in the place where a service hands its own to the <see cref="StepWorker"/>: everything around it (queue, claim, lease, heartbeat, commit, events, planning) is what a training has
/// around it. Counts who did what.
/// </summary>
internal sealed class IdleWork
{
    public ConcurrentDictionary<(string Search, string Step, StepStage Stage), ConcurrentQueue<string>> Done { get; } = [];

    /// <summary>Searches and steps in the order in which trainings began.</summary>
    public ConcurrentQueue<(string Search, string Step)> Trainings { get; } = [];

    /// <summary>Trainings wait for this.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public async Task<StepOutcome> MakeAsync(StepWork work, CancellationToken cancellation)
    {
        Trainings.Enqueue((work.Search.Id, work.Step.Id));
        await Gate.WaitAsync(cancellation);
        Note(work, work.Step.DueStage!.Value);
        return new StepOutcome.Produced(new ProducedModel(work.Step.ActionKey, $"models/{work.Step.ModelId}", 1));
    }

    public Task<StepOutcome> ScoreAsync(StepWork work, CancellationToken cancellation)
    {
        Note(work, StepStage.Evaluate);
        return Task.FromResult<StepOutcome>(new StepOutcome.Scored(new EvaluationRecord
        {
            SearchId = work.Step.SearchId,
            StepId = work.Step.Id,
            ModelId = work.Step.ModelId,
            Split = work.Step.Action.Split,
            Tasks = [new TaskScore { TaskId = "idle", Score = work.Step.Number % 97 / 97.0, StandardError = 0.01, Count = 100 }],
            CreatedAt = work.Step.PlannedAt,
        }));
    }

    private void Note(StepWork work, StepStage stage) =>
        Done.GetOrAdd((work.Search.Id, work.Step.Id, stage), _ => []).Enqueue(work.Claim.Worker);
}

internal sealed class IdleTrainer(StepWorker worker, IdleWork work) : IMessageHandler<TrainModel>
{
    public Task HandleAsync(TrainModel message, CancellationToken cancellationToken) =>
        worker.RunAsync(message.SearchId, message.StepId, StepStage.Train, work.MakeAsync, cancellationToken);
}

internal sealed class IdleMerger(StepWorker worker, IdleWork work) : IMessageHandler<MergeModels>
{
    public Task HandleAsync(MergeModels message, CancellationToken cancellationToken) =>
        worker.RunAsync(message.SearchId, message.StepId, StepStage.Merge, work.MakeAsync, cancellationToken);
}

internal sealed class IdleEvaluator(StepWorker worker, IdleWork work) : IMessageHandler<EvaluateModel>
{
    public Task HandleAsync(EvaluateModel message, CancellationToken cancellationToken) =>
        worker.RunAsync(message.SearchId, message.StepId, StepStage.Evaluate, work.ScoreAsync, cancellationToken);
}
