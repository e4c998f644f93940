namespace LamdAgent.Modeling.Data;

/// <summary>Rows side by side, padded on the right; all arrays are <c>[B, T]</c> row by row.</summary>
/// <param name="Rows">B.</param>
/// <param name="Length">T.</param>
/// <param name="InputIds">Ids, the padding id after a row's end.</param>
/// <param name="Labels">Labels, -100 after a row's end.</param>
/// <param name="AttentionMask">1 for tokens, 0 for padding.</param>
public sealed record PaddedBatch(int Rows, int Length, int[] InputIds, int[] Labels, int[] AttentionMask);
