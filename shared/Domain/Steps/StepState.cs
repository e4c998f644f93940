namespace LamdAgent.Domain.Steps;

/// <summary>
/// Where a step is. The order of the first six is the order of work; a step only ever moves to a later one
/// (see <see cref="StepStateMachine"/>). The last three are ends.
/// </summary>
public enum StepState
{
    /// <summary>Written to the ledger, not yet sent.</summary>
    Planned,

    /// <summary>Sent to a worker's queue.</summary>
    Dispatched,

    /// <summary>A trainer or merger holds the claim.</summary>
    Running,

    /// <summary>The new model is in the artifact store; its evaluation is due.</summary>
    Produced,

    /// <summary>An evaluator holds the claim.</summary>
    Evaluating,

    /// <summary>Done: the step has scores.</summary>
    Scored,

    /// <summary>Ended with a reason and without a score.</summary>
    Failed,

    /// <summary>Ended by request.</summary>
    Cancelled,
}
