using LamdAgent.Contracts;
using LamdAgent.Hosting.Bus;

namespace LamdAgent.Standalone.Runs;

/// <summary>Hears every event about a step and passes it on as a signal; what happened is read from the store.</summary>
internal sealed class StepSignalHandler(StepSignal signal) :
    IMessageHandler<ModelTrained>, IMessageHandler<ModelsMerged>, IMessageHandler<ModelEvaluated>,
    IMessageHandler<TrainingRejected>, IMessageHandler<TrainingDiverged>, IMessageHandler<MergeRejected>, IMessageHandler<EvaluationRejected>, IMessageHandler<StepFaulted>
{
    private const string Service = "run";

    public static void Register(BusRegistration bus) => bus
        .HandleEvent<ModelTrained, StepSignalHandler>(Service)
        .HandleEvent<ModelsMerged, StepSignalHandler>(Service)
        .HandleEvent<ModelEvaluated, StepSignalHandler>(Service)
        .HandleEvent<TrainingRejected, StepSignalHandler>(Service)
        .HandleEvent<TrainingDiverged, StepSignalHandler>(Service)
        .HandleEvent<MergeRejected, StepSignalHandler>(Service)
        .HandleEvent<EvaluationRejected, StepSignalHandler>(Service)
        .HandleEvent<StepFaulted, StepSignalHandler>(Service);

    public Task HandleAsync(ModelTrained message, CancellationToken cancellationToken) => Pass();

    public Task HandleAsync(ModelsMerged message, CancellationToken cancellationToken) => Pass();

    public Task HandleAsync(ModelEvaluated message, CancellationToken cancellationToken) => Pass();

    public Task HandleAsync(TrainingRejected message, CancellationToken cancellationToken) => Pass();

    public Task HandleAsync(TrainingDiverged message, CancellationToken cancellationToken) => Pass();

    public Task HandleAsync(MergeRejected message, CancellationToken cancellationToken) => Pass();

    public Task HandleAsync(EvaluationRejected message, CancellationToken cancellationToken) => Pass();

    public Task HandleAsync(StepFaulted message, CancellationToken cancellationToken) => Pass();

    private Task Pass()
    {
        signal.Set();
        return Task.CompletedTask;
    }
}
