using LamdAgent.Evaluation.Statistics;

namespace LamdAgent.Evaluation;

/// <summary>Averages verdicts.</summary>
public static class MetricMeans
{
    /// <summary>Mean and closed-form standard error of each metric over the items that have it. A metric that no item has is absent, rather than 0.</summary>
    public static IReadOnlyDictionary<string, MetricValue> Of(IReadOnlyList<string> metrics, IReadOnlyList<GradedItem> items)
    {
        var result = new Dictionary<string, MetricValue>(StringComparer.Ordinal);
        foreach (var metric in metrics)
        {
            var values = new List<double>(items.Count);
            foreach (var item in items)
            {
                if (item.Verdict.Metrics.TryGetValue(metric, out var value))
                {
                    values.Add(value);
                }
            }

            if (values.Count > 0)
            {
                result[metric] = Of(values);
            }
        }

        return result;
    }

    /// <summary>Mean and closed-form standard error of numbers.</summary>
    public static MetricValue Of(IReadOnlyList<double> values) => new(StandardErrors.Mean(values), StandardErrors.OfMean(values));
}
