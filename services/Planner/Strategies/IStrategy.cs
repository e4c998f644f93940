using LamdAgent.Planner.Searches;

namespace LamdAgent.Planner.Strategies;

/// <summary>Chooses the next action. The answer depends on the view (and, for an agent, on its endpoint) only.</summary>
public interface IStrategy
{
    /// <summary>An action that no earlier step has done; null when there is none left.</summary>
    Task<StrategyChoice?> ChooseAsync(LedgerView view, CancellationToken cancellation);
}
