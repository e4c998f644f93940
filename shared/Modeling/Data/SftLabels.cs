namespace LamdAgent.Modeling.Data;

/// <summary>Which tokens of a row are trained.</summary>
public static class SftLabels
{
    /// <summary>The label of a token that is not trained.</summary>
    public const int Ignored = -100;

    /// <summary>The ids themselves, or <see cref="Ignored"/> where a mask is 0; with two masks both must be 1.</summary>
    public static int[] Of(ReadOnlySpan<int> inputIds, ReadOnlySpan<byte> completionMask, ReadOnlySpan<byte> assistantMask)
    {
        var labels = inputIds.ToArray();
        for (var i = 0; i < labels.Length; i++)
        {
            if ((!completionMask.IsEmpty && completionMask[i] == 0) || (!assistantMask.IsEmpty && assistantMask[i] == 0))
            {
                labels[i] = Ignored;
            }
        }

        return labels;
    }
}
