namespace LamdAgent.Modeling.Training;

/// <summary>Weighted means of what micro-batches report, for one line of metrics.</summary>
internal sealed class MetricSums
{
    private readonly SortedDictionary<string, (double Sum, double Weight)> _sums = new(StringComparer.Ordinal);

    public void Add(string name, double value, double weight)
    {
        if (weight > 0)
        {
            var (sum, total) = _sums.GetValueOrDefault(name);
            _sums[name] = (sum + (value * weight), total + weight);
        }
    }

    public void Add(IEnumerable<KeyValuePair<string, double>> metrics, double weight)
    {
        foreach (var (name, value) in metrics)
        {
            Add(name, value, weight);
        }
    }

    public IEnumerable<KeyValuePair<string, double>> Means() => _sums.Select(s => KeyValuePair.Create(s.Key, s.Value.Sum / s.Value.Weight));
}
