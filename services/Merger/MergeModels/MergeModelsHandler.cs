using LamdAgent.Domain.Steps;
using LamdAgent.Hosting.Bus;
using LamdAgent.Hosting.Steps;

namespace LamdAgent.Merger.MergeModels;

/// <summary>Takes the command to make a step's model by merging.</summary>
internal sealed class MergeModelsHandler(StepWorker worker, ModelMerging merging) : IMessageHandler<Contracts.MergeModels>
{
    public Task HandleAsync(Contracts.MergeModels message, CancellationToken cancellationToken) =>
        worker.RunAsync(message.SearchId, message.StepId, StepStage.Merge, merging.RunAsync, cancellationToken);
}
