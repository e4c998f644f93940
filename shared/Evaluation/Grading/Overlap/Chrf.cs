using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.Overlap;

/// <summary>chrF2 (Popović, 2015) as sacreBLEU 2 computes it: character 1- to 6-grams without white space, beta 2, effective order, 0 to 100.</summary>
internal static class Chrf
{
    private const int CharacterOrders = 6;
    private const double BetaSquared = 4;

    /// <summary>Statistics of a segment with the reference that fits best: for each order the n-grams of the answer, of the reference, and common ones.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="references">One or more.</param>
    /// <param name="wordOrders">Word n-grams besides: 0, or 2 for chrF++.</param>
    public static double[] Statistics(string answer, IReadOnlyList<string> references, int wordOrders = 0) =>
        references.Select(reference => Statistics(answer, reference, wordOrders)).MaxBy(Score)!;

    /// <summary>The score of summed statistics.</summary>
    public static double Score(double[] statistics)
    {
        var (precision, recall, orders) = (0.0, 0.0, 0);
        for (var i = 0; i < statistics.Length; i += 3)
        {
            if (statistics[i] > 0 && statistics[i + 1] > 0)
            {
                precision += statistics[i + 2] / statistics[i];
                recall += statistics[i + 2] / statistics[i + 1];
                orders++;
            }
        }

        if (orders == 0 || precision + recall == 0)
        {
            return 0;
        }

        precision /= orders;
        recall /= orders;
        var score = (1 + BetaSquared) * precision * recall;
        return 100 * (score / ((BetaSquared * precision) + recall));
    }

    private static double[] Statistics(string answer, string reference, int wordOrders)
    {
        var statistics = new List<double>();
        Add(statistics, Characters(answer), Characters(reference), CharacterOrders);
        Add(statistics, Words(answer), Words(reference), wordOrders);
        return [.. statistics];
    }

    private static void Add(List<double> statistics, List<string> answer, List<string> reference, int orders)
    {
        for (var order = 1; order <= orders; order++)
        {
            var (own, other) = (NgramCounts.Of(answer, order), NgramCounts.Of(reference, order));
            statistics.AddRange([other.Count > 0 ? own.Values.Sum() : 0, other.Values.Sum(), NgramCounts.Common(own, other)]);
        }
    }

    private static List<string> Characters(string text) => [.. string.Concat(PythonText.Split(text)).EnumerateRunes().Select(rune => rune.ToString())];

    // One punctuation mark at the end, or else at the beginning, is a word of its own.
    private static List<string> Words(string text)
    {
        var words = new List<string>();
        foreach (var word in PythonText.Split(text))
        {
            if (PythonText.Length(word) > 1 && IsPunctuation(word[^1]))
            {
                words.AddRange([word[..^1], word[^1..]]);
            }
            else if (PythonText.Length(word) > 1 && IsPunctuation(word[0]))
            {
                words.AddRange([word[..1], word[1..]]);
            }
            else
            {
                words.Add(word);
            }
        }

        return words;
    }

    private static bool IsPunctuation(char c) => PythonText.AsciiPunctuation.Contains(c, StringComparison.Ordinal);
}
