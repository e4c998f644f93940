using LamdAgent.Domain.Actions;

namespace LamdAgent.Planner.Strategies;

/// <summary>A chosen action.</summary>
/// <param name="Action">The action.</param>
/// <param name="DecidedBy">How it was chosen, for people; stands in the ledger.</param>
public sealed record StrategyChoice(PipelineAction Action, string DecidedBy);
