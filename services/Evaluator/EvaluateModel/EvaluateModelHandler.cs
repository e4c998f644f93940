using LamdAgent.Domain.Steps;
using LamdAgent.Hosting.Bus;
using LamdAgent.Hosting.Steps;

namespace LamdAgent.Evaluator.EvaluateModel;

/// <summary>Takes the command to score a step's model.</summary>
internal sealed class EvaluateModelHandler(StepWorker worker, ModelScoring scoring) : IMessageHandler<Contracts.EvaluateModel>
{
    public Task HandleAsync(Contracts.EvaluateModel message, CancellationToken cancellationToken) =>
        worker.RunAsync(message.SearchId, message.StepId, StepStage.Evaluate, scoring.RunAsync, cancellationToken);
}
