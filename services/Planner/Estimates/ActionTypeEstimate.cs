namespace LamdAgent.Planner.Estimates;

/// <summary>The size of one action type.</summary>
/// <param name="Type">Its name.</param>
/// <param name="ParameterSets">Combinations of hyper-parameters.</param>
/// <param name="Datasets">Datasets of a training; 0 for merges.</param>
/// <param name="AtStart">Actions with the starting models (exact).</param>
/// <param name="AtEnd">Actions with the models of all steps as well (for merges an upper bound).</param>
public sealed record ActionTypeEstimate(string Type, int ParameterSets, int Datasets, long AtStart, long AtEnd);
