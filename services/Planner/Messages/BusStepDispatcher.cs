using LamdAgent.Contracts;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;
using LamdAgent.Hosting.Bus;

namespace LamdAgent.Planner.Messages;

/// <summary>Sends a step's command over the bus.</summary>
internal sealed class BusStepDispatcher(ICommandSender commands) : IStepDispatcher
{
    public Task DispatchAsync(SearchRecord search, StepRecord step, StepStage stage, CancellationToken cancellation) => stage switch
    {
        StepStage.Train => commands.SendAsync(new TrainModel { SearchId = step.SearchId, StepId = step.Id }, cancellation),
        StepStage.Merge => commands.SendAsync(new MergeModels { SearchId = step.SearchId, StepId = step.Id }, cancellation),
        _ => commands.SendAsync(new EvaluateModel { SearchId = step.SearchId, StepId = step.Id }, cancellation),
    };
}
