using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.Overlap;

/// <summary>ROUGE (Lin, 2004) as the Python package <c>rouge_score</c> computes it: words of a-z and 0-9, optionally stemmed.</summary>
internal static class Rouge
{
    /// <summary>Overlap of n-grams.</summary>
    public static RougeScore Ngrams(string reference, string answer, int order, bool stem = false)
    {
        var (a, b) = (NgramCounts.Of(Words(reference, stem), order), NgramCounts.Of(Words(answer, stem), order));
        double common = NgramCounts.Common(a, b);
        return new RougeScore(common / Math.Max(b.Values.Sum(), 1), common / Math.Max(a.Values.Sum(), 1));
    }

    /// <summary>Longest common subsequence of the whole texts.</summary>
    public static RougeScore LongestCommon(string reference, string answer, bool stem = false)
    {
        var (a, b) = (Words(reference, stem), Words(answer, stem));
        if (a.Count == 0 || b.Count == 0)
        {
            return default;
        }

        double length = Table(a, b)[a.Count, b.Count];
        return new RougeScore(length / b.Count, length / a.Count);
    }

    /// <summary>Union of longest common subsequences line by line (rougeLsum); each word is counted at most once.</summary>
    public static RougeScore SummaryLongestCommon(string reference, string answer, bool stem = false)
    {
        var (references, answers) = (Lines(reference, stem), Lines(answer, stem));
        var (m, n) = (references.Sum(line => line.Count), answers.Sum(line => line.Count));
        if (m == 0 || n == 0)
        {
            return default;
        }

        var openReference = references.SelectMany(line => line).CountBy(word => word).ToDictionary(StringComparer.Ordinal);
        var openAnswer = answers.SelectMany(line => line).CountBy(word => word).ToDictionary(StringComparer.Ordinal);
        double hits = 0;
        foreach (var line in references)
        {
            foreach (var word in answers.SelectMany(other => CommonIndices(line, other)).Distinct().Order().Select(index => line[index]))
            {
                if (openReference.GetValueOrDefault(word) > 0 && openAnswer.GetValueOrDefault(word) > 0)
                {
                    hits++;
                    openReference[word]--;
                    openAnswer[word]--;
                }
            }
        }

        return new RougeScore(hits / n, hits / m);
    }

    private static List<List<string>> Lines(string text, bool stem) => [.. text.Split('\n').Where(line => line.Length > 0).Select(line => Words(line, stem))];

    private static List<string> Words(string text, bool stem)
    {
        var words = new List<string>();
        var lower = PythonText.Lower(text);
        var start = -1;
        for (var i = 0; i <= lower.Length; i++)
        {
            var inside = i < lower.Length && (char.IsAsciiLetterLower(lower[i]) || char.IsAsciiDigit(lower[i]));
            if (inside && start < 0)
            {
                start = i;
            }
            else if (!inside && start >= 0)
            {
                var word = lower[start..i];
                words.Add(stem && word.Length > 3 ? PorterStemmer.Stem(word) : word);
                start = -1;
            }
        }

        return words;
    }

    private static int[,] Table(List<string> a, List<string> b)
    {
        var table = new int[a.Count + 1, b.Count + 1];
        for (var i = 1; i <= a.Count; i++)
        {
            for (var j = 1; j <= b.Count; j++)
            {
                table[i, j] = a[i - 1] == b[j - 1] ? table[i - 1, j - 1] + 1 : Math.Max(table[i - 1, j], table[i, j - 1]);
            }
        }

        return table;
    }

    // Of several longest subsequences the package takes this one.
    private static IEnumerable<int> CommonIndices(List<string> a, List<string> b)
    {
        var table = Table(a, b);
        for (var (i, j) = (a.Count, b.Count); i > 0 && j > 0;)
        {
            if (a[i - 1] == b[j - 1])
            {
                yield return i - 1;
                (i, j) = (i - 1, j - 1);
            }
            else if (table[i, j - 1] > table[i - 1, j])
            {
                j--;
            }
            else
            {
                i--;
            }
        }
    }
}
