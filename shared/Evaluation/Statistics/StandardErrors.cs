using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Statistics;

/// <summary>
/// Means and their standard errors as lm-evaluation-harness (<c>lm_eval/api/metrics.py</c>) gives them: the closed form for means, also of 0/1 scores,
/// and the pooled form for groups. Everything else is bootstrapped by <see cref="Bootstrap"/>.
/// </summary>
public static class StandardErrors
{
    /// <summary>The arithmetic mean.</summary>
    public static double Mean(IReadOnlyList<double> values) => values.Count > 0 ? PythonMath.Sum(values) / values.Count : throw Empty();

    /// <summary>The upper median, as the harness takes it: the element in the middle of the sorted values, the right one of two.</summary>
    public static double Median(IReadOnlyList<double> values) => values.Count > 0 ? values.Order().ElementAt(values.Count / 2) : throw Empty();

    /// <summary>Sample deviation (n - 1) over the root of n; null for fewer than two values.</summary>
    public static double? OfMean(IReadOnlyList<double> values) => SampleDeviation(values) / Math.Sqrt(values.Count);

    /// <summary>Deviation with n - 1 in the denominator; null for fewer than two values.</summary>
    public static double? SampleDeviation(IReadOnlyList<double> values) =>
        values.Count < 2 ? null : Math.Sqrt(SquaredDeviations(values) / (values.Count - 1));

    /// <summary>Deviation with n in the denominator.</summary>
    public static double PopulationDeviation(IReadOnlyList<double> values) => Math.Sqrt(SquaredDeviations(values) / values.Count);

    /// <summary>Standard error of a group of tasks whose items are taken together: <c>sqrt(sum((n-1) se^2 n) / (N - k) / N)</c>.</summary>
    /// <param name="errors">Standard error of each task.</param>
    /// <param name="sizes">Number of items of each task.</param>
    public static double Pooled(IReadOnlyList<double> errors, IReadOnlyList<int> sizes)
    {
        var total = sizes.Sum();
        var sum = PythonMath.Sum(errors.Zip(sizes, (error, size) => (size - 1) * error * error * size));
        return Math.Sqrt(sum / (total - errors.Count) / total);
    }

    private static double SquaredDeviations(IReadOnlyList<double> values)
    {
        var mean = Mean(values);
        return PythonMath.Sum(values.Select(value => (value - mean) * (value - mean)));
    }

    private static InvalidOperationException Empty() => new("no values: there is no mean of nothing");
}
