using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Planner.Searches;

/// <summary>What a search needs next. One of the nested cases.</summary>
public abstract record DriverDecision
{
    private DriverDecision()
    {
    }

    /// <summary>These steps follow from the spec alone: write them.</summary>
    public sealed record Insert(IReadOnlyList<StepRecord> Steps) : DriverDecision;

    /// <summary>A strategy must choose the next action.</summary>
    public sealed record Plan(LedgerView View) : DriverDecision;

    /// <summary>Nothing to decide before some step ends.</summary>
    public sealed record Wait : DriverDecision;

    /// <summary>The search is over.</summary>
    public sealed record Finish(SearchStatus Status, string Reason) : DriverDecision;
}
