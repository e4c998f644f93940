namespace LamdAgent.Modeling.Data;

/// <summary>Makes batches of rows, as TRL's <c>DataCollatorForLanguageModeling</c>.</summary>
public static class Collator
{
    /// <summary>Rows side by side, padded on the right.</summary>
    /// <param name="rows">Ids and labels of each row.</param>
    /// <param name="padTokenId">Id of padding; it is masked by position, so it may equal any other id.</param>
    /// <param name="padToMultipleOf">Rounds the length up; 1 for none.</param>
    public static PaddedBatch Pad(IReadOnlyList<(int[] InputIds, int[] Labels)> rows, int padTokenId, int padToMultipleOf = 1)
    {
        var length = RoundUp(rows.Max(r => r.InputIds.Length), padToMultipleOf);
        var ids = new int[rows.Count * length];
        var labels = new int[ids.Length];
        var mask = new int[ids.Length];
        Array.Fill(ids, padTokenId);
        Array.Fill(labels, SftLabels.Ignored);
        for (var r = 0; r < rows.Count; r++)
        {
            rows[r].InputIds.CopyTo(ids, r * length);
            rows[r].Labels.CopyTo(labels, r * length);
            Array.Fill(mask, 1, r * length, rows[r].InputIds.Length);
        }

        return new PaddedBatch(rows.Count, length, ids, labels, mask);
    }

    /// <summary>Documents one after the other.</summary>
    /// <param name="documents">Ids and labels of each document; a packed sequence contributes its pieces as documents.</param>
    /// <param name="padTokenId">Id of the padding that rounding up adds.</param>
    /// <param name="padToMultipleOf">Rounds the length up with tokens of position 0; 1 for none.</param>
    public static FlatBatch Concatenate(IReadOnlyList<(int[] InputIds, int[] Labels)> documents, int padTokenId = 0, int padToMultipleOf = 1)
    {
        var tokens = documents.Sum(d => d.InputIds.Length);
        var length = RoundUp(tokens, padToMultipleOf);
        var ids = new int[length];
        var labels = new int[length];
        var positions = new int[length];
        Array.Fill(ids, padTokenId, tokens, length - tokens);
        Array.Fill(labels, SftLabels.Ignored, tokens, length - tokens);
        var at = 0;
        foreach (var (documentIds, documentLabels) in documents)
        {
            documentIds.CopyTo(ids, at);
            documentLabels.CopyTo(labels, at);
            for (var i = 0; i < documentIds.Length; i++)
            {
                positions[at + i] = i;
            }

            if (documentIds.Length > 0)
            {
                labels[at] = SftLabels.Ignored;
            }

            at += documentIds.Length;
        }

        // Padding tokens are documents of one token each: they see nothing and nothing sees them.
        return new FlatBatch(ids, labels, positions, [.. documents.Select(d => d.InputIds.Length), .. Enumerable.Repeat(1, length - tokens)]);
    }

    private static int RoundUp(int length, int multiple) => (length + multiple - 1) / multiple * multiple;
}
