namespace LamdAgent.Tokenization.Datasets;

/// <summary>One row for cpt or sft: a whole sequence and where it trains.</summary>
/// <param name="InputIds">Token ids, beginning and end tokens among them; (T).</param>
/// <param name="CompletionMask">1 where the token is a target of the loss; (T). The first token of a sequence is never predicted, whatever its mask says.</param>
/// <param name="Line">Line of the data file the row came from, counted from 1.</param>
public sealed record TokenRow(int[] InputIds, byte[] CompletionMask, int Line)
{
    /// <summary>How many tokens of the row are predicted and count for the loss.</summary>
    public int TrainableTokens
    {
        get
        {
            var count = 0;
            for (var i = 1; i < CompletionMask.Length; i++)
            {
                count += CompletionMask[i];
            }

            return count;
        }
    }
}
