namespace LamdAgent.Domain.Configuration;

/// <summary>Finds the valid word that somebody most likely meant (Damerau-Levenshtein distance, at most a third of the word's length).</summary>
public static class NearestWord
{
    /// <summary>Ends an error message: <c>; did you mean 'x'?</c>, or the list of valid words when none is near.</summary>
    public static string Hint(string given, IEnumerable<string> valid)
    {
        var words = valid.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        return Find(given, words) is { } near
            ? $"; did you mean '{near}'?"
            : words.Count == 0 ? "" : $"; valid: {string.Join(", ", words)}";
    }

    /// <summary>The nearest of <paramref name="valid"/>, or null when nothing is close enough to be a slip.</summary>
    public static string? Find(string given, IEnumerable<string> valid)
    {
        string? best = null;
        var bestDistance = int.MaxValue;
        foreach (var word in valid)
        {
            var distance = Distance(given.ToLowerInvariant(), word.ToLowerInvariant());
            if (distance < bestDistance && distance <= Math.Max(1, Math.Max(given.Length, word.Length) / 3))
            {
                (best, bestDistance) = (word, distance);
            }
        }

        return best;
    }

    private static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            d[i, 0] = i;
        }

        for (var j = 0; j <= b.Length; j++)
        {
            d[0, j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                d[i, j] = Math.Min(Math.Min(d[i - 1, j] + 1, d[i, j - 1] + 1), d[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
                }
            }
        }

        return d[a.Length, b.Length];
    }
}
