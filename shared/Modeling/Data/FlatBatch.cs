namespace LamdAgent.Modeling.Data;

/// <summary>
/// Rows laid one after the other without padding (TRL's <c>padding_free</c>): N tokens in all. <see cref="PositionIds"/> restart with each document and
/// <see cref="Lengths"/> says where documents end, so that attention stays inside.
/// </summary>
/// <param name="InputIds">Ids, <c>[N]</c>.</param>
/// <param name="Labels">-100 where not trained, and at each document's first token, which nothing predicts. Label i is the target of position i - 1.</param>
/// <param name="PositionIds">Position within the document.</param>
/// <param name="Lengths">Tokens of each document; their sum is N.</param>
/// <example>Documents [a b c] and [d e]: ids a b c d e, positions 0 1 2 0 1, labels -100 b c -100 e, lengths 3 2.</example>
public sealed record FlatBatch(int[] InputIds, int[] Labels, int[] PositionIds, int[] Lengths)
{
    /// <summary>Tokens that are trained.</summary>
    public int TrainableTokens => Labels.Count(l => l != SftLabels.Ignored);

    /// <summary>Length of the longest document.</summary>
    public int LongestDocument => Lengths.Length == 0 ? 0 : Lengths.Max();
}
