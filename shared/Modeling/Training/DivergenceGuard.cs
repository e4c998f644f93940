namespace LamdAgent.Modeling.Training;

/// <summary>
/// Decides when a training is beyond hope: a loss or gradient that is not a number, or a loss far above where it started, held over several steps so that one
/// odd batch does not end a run.
/// </summary>
internal sealed class DivergenceGuard(double factor)
{
    private const int BaselineSteps = 5;
    private const int StepsAbove = 3;
    private const double LeastRise = 2;

    /// <summary>Sum of the losses of the first steps, and how many there were; saved with checkpoints.</summary>
    public double BaselineSum { get; set; }

    /// <summary>Steps that the baseline is made of.</summary>
    public int BaselineCount { get; set; }

    /// <summary>Steps in a row above the limit; saved with checkpoints.</summary>
    public int Above { get; set; }

    /// <summary>Looks at a step before its update is made.</summary>
    /// <exception cref="TrainingDivergedException">It is beyond hope.</exception>
    public void Check(int step, double loss, double gradientNorm)
    {
        if (!double.IsFinite(loss))
        {
            throw new TrainingDivergedException(step, loss, $"the loss is {loss}");
        }

        if (!double.IsFinite(gradientNorm))
        {
            throw new TrainingDivergedException(step, loss, $"the gradient norm is {gradientNorm}");
        }

        if (BaselineCount < BaselineSteps)
        {
            BaselineSum += loss;
            BaselineCount++;
            return;
        }

        var baseline = BaselineSum / BaselineCount;
        var limit = Math.Max(baseline + (Math.Abs(baseline) * (factor - 1)), baseline + LeastRise);
        Above = loss > limit ? Above + 1 : 0;
        if (Above >= StepsAbove)
        {
            throw new TrainingDivergedException(step, loss, FormattableString.Invariant($"the loss exploded to {loss:G4} from {baseline:G4} at the start"));
        }
    }
}
