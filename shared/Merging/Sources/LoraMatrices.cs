namespace LamdAgent.Merging.Sources;

/// <summary>An adapter's change to one weight: s B A, and with DoRA the lengths of the rows after it.</summary>
/// <param name="A">[rank, in].</param>
/// <param name="B">[out, rank].</param>
/// <param name="Magnitudes">[out], or null.</param>
/// <param name="Rank">Rank.</param>
/// <param name="Inputs">Width of A.</param>
/// <param name="Outputs">Height of B.</param>
/// <param name="Scale">Factor of the change.</param>
/// <param name="Transposed">Whether the weight is stored [in, out], as GPT-2's and all embeddings are.</param>
internal sealed record LoraMatrices(float[] A, float[] B, float[]? Magnitudes, int Rank, int Inputs, int Outputs, float Scale, bool Transposed);
