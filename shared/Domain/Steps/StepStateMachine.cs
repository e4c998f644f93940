namespace LamdAgent.Domain.Steps;

/// <summary>The rules of the step's life: <c>Planned -> Dispatched -> Running -> Produced -> Evaluating -> Scored</c>, <c>Failed</c> or <c>Cancelled</c> from any before an end.</summary>
public static class StepStateMachine
{
    /// <summary>Whether nothing comes after this state.</summary>
    public static bool IsTerminal(StepState state) => state is StepState.Scored or StepState.Failed or StepState.Cancelled;

    /// <summary>
    /// Whether a step may go from one state to another. Forward only; states may be left out (a redelivered result can arrive before the write that says
    /// "dispatched"), ends are final. A stage that is claimed again after its lease ran out stays in its state and is no move.
    /// </summary>
    public static bool CanMove(StepState from, StepState to) =>
        !IsTerminal(from) && (to is StepState.Failed or StepState.Cancelled || to > from);

    /// <summary>The states from which a worker may claim the given stage: not begun, or begun by a worker whose lease ran out.</summary>
    public static IReadOnlyList<StepState> ClaimableFrom(StepStage stage) => stage switch
    {
        StepStage.Evaluate => [StepState.Planned, StepState.Dispatched, StepState.Produced, StepState.Evaluating],
        _ => [StepState.Planned, StepState.Dispatched, StepState.Running],
    };

    /// <summary>The state while the stage is worked on.</summary>
    public static StepState WorkingState(StepStage stage) => stage == StepStage.Evaluate ? StepState.Evaluating : StepState.Running;
}
