using LamdAgent.Merging.Sources;

namespace LamdAgent.Merging.Vocabularies;

/// <summary>What a row of an embedding is made of: a row of a model, the mean of several, or zeros when the list is empty.</summary>
/// <param name="Parts">Tensors and rows in them.</param>
internal sealed record TokenRow(IReadOnlyList<(TensorSource Tensor, int Row)> Parts);
