using LamdAgent.Contracts;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;
using LamdAgent.Hosting.Bus;
using LamdAgent.Hosting.Steps;

namespace LamdAgent.Planner.Messages;

/// <summary>Sends a step's command over the bus.</summary>
internal sealed class BusStepDispatcher(ICommandSender commands) : IStepDispatcher
{
    public async Task DispatchAsync(SearchRecord search, StepRecord step, StepStage stage, CancellationToken cancellation)
    {
        using var trace = StepTelemetry.Dispatch(step, stage);
        await (stage switch
        {
            StepStage.Train => commands.SendAsync(new TrainModel { SearchId = step.SearchId, StepId = step.Id }, cancellation),
            StepStage.Merge => commands.SendAsync(new MergeModels { SearchId = step.SearchId, StepId = step.Id }, cancellation),
            _ => commands.SendAsync(new EvaluateModel { SearchId = step.SearchId, StepId = step.Id }, cancellation),
        });
    }
}
