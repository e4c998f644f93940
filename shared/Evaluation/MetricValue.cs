namespace LamdAgent.Evaluation;

/// <summary>A metric over a data set.</summary>
/// <param name="Value">The score.</param>
/// <param name="StandardError">Its standard error; null when there is none (one item only, or a metric without a sound one).</param>
public sealed record MetricValue(double Value, double? StandardError);
