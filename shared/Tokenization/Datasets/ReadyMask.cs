namespace LamdAgent.Tokenization.Datasets;

/// <summary>Which tokens of a ready-made row train: those that none of its columns takes out, as TRL's collator does it.</summary>
internal static class ReadyMask
{
    /// <summary>The mask, one for each id, and whether the row says anything about it.</summary>
    public static (byte[] Mask, bool Said) Of(RowFields fields, int[] ids, bool completionOnlyLoss)
    {
        var mask = Enumerable.Repeat((byte)1, ids.Length).ToArray();
        if (fields.Has("labels"))
        {
            var labels = fields.Ids("labels");
            KeepWhere(mask, labels.Length == ids.Length && labels.Zip(ids).All(static p => p.First == p.Second || p.First == -100)
                ? [.. labels.Select(static label => label != -100)]
                : throw RowFields.Bad($"'labels' has the id itself or -100 for each of the {ids.Length} ids"));
        }

        if (completionOnlyLoss && fields.Has("completion_mask"))
        {
            KeepWhere(mask, Flags(fields, "completion_mask", ids.Length));
        }

        if (fields.Has("assistant_masks"))
        {
            KeepWhere(mask, Flags(fields, "assistant_masks", ids.Length));
        }

        return (mask, fields.Has("labels") || fields.Has("completion_mask") || fields.Has("assistant_masks"));
    }

    private static bool[] Flags(RowFields fields, string key, int count)
    {
        var values = fields.Ids(key);
        return values.Length == count && values.All(static value => value is 0 or 1)
            ? Array.ConvertAll(values, static value => value == 1)
            : throw RowFields.Bad($"'{key}' has a 0 or 1 for each of the {count} ids; it has {values.Length} items");
    }

    private static void KeepWhere(byte[] mask, bool[] kept)
    {
        for (var i = 0; i < mask.Length; i++)
        {
            mask[i] &= kept[i] ? (byte)1 : (byte)0;
        }
    }
}
