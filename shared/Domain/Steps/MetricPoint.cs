namespace LamdAgent.Domain.Steps;

/// <summary>A point of a training curve.</summary>
/// <param name="OptimizerStep">Optimizer steps done, from 1; with the step id the natural key, so a resumed training writes over its own points.</param>
/// <param name="Values">Logged metrics by name (<c>loss</c>, <c>learning_rate</c>, <c>grad_norm</c> ...).</param>
public sealed record MetricPoint(int OptimizerStep, IReadOnlyDictionary<string, double> Values);
