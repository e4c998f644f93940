using LamdAgent.Domain.Steps;
using LamdAgent.Hosting.Bus;
using LamdAgent.Hosting.Steps;

namespace LamdAgent.Trainer.TrainModel;

/// <summary>Takes the command to make a step's model by training.</summary>
internal sealed class TrainModelHandler(StepWorker worker, ModelTraining training) : IMessageHandler<Contracts.TrainModel>
{
    public Task HandleAsync(Contracts.TrainModel message, CancellationToken cancellationToken) =>
        worker.RunAsync(message.SearchId, message.StepId, StepStage.Train, training.RunAsync, cancellationToken);
}
