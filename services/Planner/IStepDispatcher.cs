using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Planner;

/// <summary>Sends the command of a step's stage to its worker queue. The store says already that it was sent; a command that gets lost is sent again by the sweep.</summary>
public interface IStepDispatcher
{
    /// <summary>Returns when the broker has the command.</summary>
    Task DispatchAsync(SearchRecord search, StepRecord step, StepStage stage, CancellationToken cancellation);
}
