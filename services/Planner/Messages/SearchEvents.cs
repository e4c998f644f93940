using LamdAgent.Contracts;
using LamdAgent.Domain;
using LamdAgent.Hosting.Bus;

namespace LamdAgent.Planner.Messages;

/// <summary>Every event about a step is a hint that its search may go on; what happened is read from the store.</summary>
public sealed class SearchEvents(PlannerLoop loop) :
    IMessageHandler<StartSearch>, IMessageHandler<ModelTrained>, IMessageHandler<ModelsMerged>, IMessageHandler<ModelEvaluated>, IMessageHandler<TrainingRejected>,
    IMessageHandler<TrainingDiverged>, IMessageHandler<MergeRejected>, IMessageHandler<EvaluationRejected>, IMessageHandler<StepFaulted>, IMessageHandler<StepReleased>
{
    private const string Service = "planner";

    /// <summary>The queues of the planner service.</summary>
    public static void Register(BusRegistration bus) => bus
        .HandleCommand<StartSearch, SearchEvents>(concurrency: 4)
        .HandleEvent<ModelTrained, SearchEvents>(Service)
        .HandleEvent<ModelsMerged, SearchEvents>(Service)
        .HandleEvent<ModelEvaluated, SearchEvents>(Service)
        .HandleEvent<TrainingRejected, SearchEvents>(Service)
        .HandleEvent<TrainingDiverged, SearchEvents>(Service)
        .HandleEvent<MergeRejected, SearchEvents>(Service)
        .HandleEvent<EvaluationRejected, SearchEvents>(Service)
        .HandleEvent<StepFaulted, SearchEvents>(Service)
        .HandleEvent<StepReleased, SearchEvents>(Service);

    /// <inheritdoc />
    public Task HandleAsync(StartSearch message, CancellationToken cancellationToken) => AdvanceAsync(message.SearchId, cancellationToken);

    /// <inheritdoc />
    public Task HandleAsync(ModelTrained message, CancellationToken cancellationToken) => AdvanceAsync(message.SearchId, cancellationToken);

    /// <inheritdoc />
    public Task HandleAsync(ModelsMerged message, CancellationToken cancellationToken) => AdvanceAsync(message.SearchId, cancellationToken);

    /// <inheritdoc />
    public Task HandleAsync(ModelEvaluated message, CancellationToken cancellationToken) => AdvanceAsync(message.SearchId, cancellationToken);

    /// <inheritdoc />
    public Task HandleAsync(TrainingRejected message, CancellationToken cancellationToken) => AdvanceAsync(message.SearchId, cancellationToken);

    /// <inheritdoc />
    public Task HandleAsync(TrainingDiverged message, CancellationToken cancellationToken) => AdvanceAsync(message.SearchId, cancellationToken);

    /// <inheritdoc />
    public Task HandleAsync(MergeRejected message, CancellationToken cancellationToken) => AdvanceAsync(message.SearchId, cancellationToken);

    /// <inheritdoc />
    public Task HandleAsync(EvaluationRejected message, CancellationToken cancellationToken) => AdvanceAsync(message.SearchId, cancellationToken);

    /// <inheritdoc />
    public Task HandleAsync(StepFaulted message, CancellationToken cancellationToken) => AdvanceAsync(message.SearchId, cancellationToken);

    /// <inheritdoc />
    public Task HandleAsync(StepReleased message, CancellationToken cancellationToken) => AdvanceAsync(message.SearchId, cancellationToken);

    // A message is sent after its search was written: this one is from another database, or nobody of ours sent it. It rests where a person sees it.
    private async Task AdvanceAsync(string searchId, CancellationToken cancellation) =>
        _ = await loop.AdvanceAsync(searchId, cancellation) ?? throw new InvalidInputException($"the search {searchId} is not in the store");
}
