namespace LamdAgent.Modeling.Training;

/// <summary>The training went wrong in a way that more steps cannot mend: the loss or the gradient is not a number, or the loss exploded. An expected result of a bad choice of numbers, not a fault.</summary>
/// <param name="step">Optimizer step, counted from 1.</param>
/// <param name="loss">The loss of that step.</param>
/// <param name="reason">What was seen.</param>
public sealed class TrainingDivergedException(int step, double loss, string reason)
    : Exception($"the training diverged at step {step}: {reason}; try a lower learning rate, more warm-up or float32")
{
    /// <summary>Optimizer step, counted from 1.</summary>
    public int Step { get; } = step;

    /// <summary>The loss of that step.</summary>
    public double Loss { get; } = loss;
}
