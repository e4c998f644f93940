using LamdAgent.Merging.Sources;

namespace LamdAgent.Merging.Planning;

/// <summary>One model's part in a tensor's merge.</summary>
/// <param name="Model">The model as written, for messages.</param>
/// <param name="Source">Its tensor.</param>
/// <param name="Parameters">Per-model parameters that hold for this tensor.</param>
internal sealed record TensorOperand(string Model, TensorSource Source, IReadOnlyDictionary<string, double> Parameters);
