namespace LamdAgent.Evaluation;

/// <summary>Makes one number of several tasks: <c>s = sum_k alpha_k s_k</c> (LaMDAgent, section 3), alpha_k bringing each task to the same range and weight.</summary>
public static class ScoreAggregator
{
    /// <summary>The combined score. Its standard error takes the tasks' errors as independent: <c>sqrt(sum_k alpha_k^2 se_k^2)</c>.</summary>
    /// <param name="scores">alpha, score and standard error of each task; null when one has no standard error, and then neither has the sum.</param>
    /// <exception cref="ArgumentException">There is nothing to combine: that is no score, rather than 0.</exception>
    public static MetricValue Combine(IReadOnlyCollection<(double Alpha, double Score, double? StandardError)> scores)
    {
        if (scores.Count == 0)
        {
            throw new ArgumentException("no scores to combine", nameof(scores));
        }

        var variance = scores.Sum(score => score.Alpha * score.Alpha * score.StandardError * score.StandardError);
        return new MetricValue(scores.Sum(score => score.Alpha * score.Score), scores.Any(score => score.StandardError is null) ? null : Math.Sqrt(variance!.Value));
    }

    /// <summary>
    /// alpha for weights and scales: <c>scale_k * weight_k / sum of weights</c>, so that tasks whose scaled scores lie in 0 to 1 give a sum in 0 to 1.
    /// A task where less is better has its alpha negated.
    /// </summary>
    public static IReadOnlyList<double> Alphas(IReadOnlyList<(double Weight, double Scale, bool HigherIsBetter)> tasks)
    {
        var total = tasks.Sum(task => task.Weight);
        return total > 0
            ? [.. tasks.Select(task => (task.HigherIsBetter ? 1 : -1) * task.Scale * task.Weight / total)]
            : throw new ArgumentException("the weights must have a positive sum", nameof(tasks));
    }
}
