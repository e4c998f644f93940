using LamdAgent.Domain.Recipes;

namespace LamdAgent.Modeling.Optimization;

/// <summary>
/// <c>reduce_lr_on_plateau</c>: after more than <c>patience</c> evaluations that were not better the rate is multiplied by <c>factor</c>, as PyTorch's <c>ReduceLROnPlateau</c>
/// with its defaults. A value: what it has seen is in it, and a checkpoint saves it.
/// </summary>
/// <param name="Rate">Learning rate of the next steps.</param>
/// <param name="Best">Smallest cost so far; null before the first evaluation.</param>
/// <param name="Worse">Evaluations in a row that were not better.</param>
/// <param name="Cooling">Evaluations that still count for nothing after a reduction.</param>
public sealed record PlateauReduction(double Rate, double? Best = null, int Worse = 0, int Cooling = 0)
{
    /// <summary>What another evaluation makes of it.</summary>
    /// <param name="cost">Evaluation loss, or a reward with its sign turned.</param>
    /// <param name="settings">The schedule's numbers.</param>
    public PlateauReduction After(double cost, OptimizationSettings settings)
    {
        var better = Best is not { } best || cost < best - (settings.ThresholdMode == "rel" ? Number("threshold", 1e-4) * Math.Abs(best) : Number("threshold", 1e-4));
        var worse = better ? 0 : Worse + 1;
        var cooling = Cooling;
        if (cooling > 0)
        {
            (worse, cooling) = (0, cooling - 1);
        }

        var seen = this with { Best = better ? cost : Best, Worse = worse, Cooling = cooling };
        if (worse <= Number("patience", 10))
        {
            return seen;
        }

        var reduced = Math.Max(Rate * Number("factor", 0.1), Number("min_lr", 0));
        return seen with { Rate = Rate - reduced > Number("eps", 1e-8) ? reduced : Rate, Worse = 0, Cooling = (int)Number("cooldown", 0) };

        double Number(string key, double fallback) => settings.LrSchedulerKwargs.TryGetValue(key, out var value) ? value : fallback;
    }
}
