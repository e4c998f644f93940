namespace LamdAgent.Evaluation.Grading.Overlap;

/// <summary>Counts n-grams.</summary>
internal static class NgramCounts
{
    /// <summary>Counts of the n-grams of one order; the parts are joined with a character that occurs in none.</summary>
    public static Dictionary<string, int> Of(IReadOnlyList<string> parts, int order)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i + order <= parts.Count; i++)
        {
            var gram = string.Join('\uffff', parts.Skip(i).Take(order));
            counts[gram] = counts.GetValueOrDefault(gram) + 1;
        }

        return counts;
    }

    /// <summary>The common part of two bags.</summary>
    public static int Common(Dictionary<string, int> a, Dictionary<string, int> b) => a.Sum(pair => Math.Min(pair.Value, b.GetValueOrDefault(pair.Key)));
}
