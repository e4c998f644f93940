using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.Overlap;

/// <summary>BLEU (Papineni et al., 2002) as sacreBLEU 2 computes it: 4-grams, exponential smoothing, tokenisation 13a or intl, 0 to 100.</summary>
internal static class Bleu
{
    private const int Orders = 4;

    private static readonly (Regex Pattern, string Replacement)[] Western =
    [
        (PythonRegex.Create(@"([\{-\~\[-\` -\&\(-\+\:-\@\/])"), " $1 "),
        (PythonRegex.Create(@"([^0-9])([\.,])"), "$1 $2 "),
        (PythonRegex.Create(@"([\.,])([^0-9])"), " $1 $2"),
        (PythonRegex.Create("([0-9])(-)"), "$1 $2 "),
    ];

    /// <summary>Statistics of a segment, which add up over a corpus: matches and totals of each order, length of the answer and of the nearest reference.</summary>
    public static double[] Statistics(string answer, IReadOnlyList<string> references, bool international = false)
    {
        var words = Tokenize(answer, international);
        var others = references.Select(reference => Tokenize(reference, international)).ToList();
        var statistics = new double[(2 * Orders) + 2];
        for (var order = 1; order <= Orders; order++)
        {
            var own = NgramCounts.Of(words, order);
            var best = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var (gram, count) in others.SelectMany(other => NgramCounts.Of(other, order)))
            {
                best[gram] = Math.Max(count, best.GetValueOrDefault(gram));
            }

            statistics[order - 1] = NgramCounts.Common(own, best);
            statistics[Orders + order - 1] = own.Values.Sum();
        }

        statistics[2 * Orders] = words.Count;
        statistics[(2 * Orders) + 1] = others.Select(other => other.Count).OrderBy(length => Math.Abs(length - words.Count)).ThenBy(length => length).First();
        return statistics;
    }

    /// <summary>The score of summed statistics.</summary>
    /// <param name="statistics">Of one or of many segments.</param>
    /// <param name="effectiveOrder">Takes only the orders that the answer is long enough for; meant for single sentences.</param>
    public static double Score(double[] statistics, bool effectiveOrder = false)
    {
        if (statistics.Take(Orders).All(matches => matches == 0))
        {
            return 0;
        }

        var precisions = new double[Orders];
        var (order, smoothing) = (Orders, 1.0);
        for (var n = 0; n < Orders && statistics[Orders + n] > 0; n++)
        {
            order = effectiveOrder ? n + 1 : order;
            smoothing = statistics[n] == 0 ? smoothing * 2 : smoothing;
            precisions[n] = statistics[n] == 0 ? 100.0 / (smoothing * statistics[Orders + n]) : 100.0 * statistics[n] / statistics[Orders + n];
        }

        var (length, reference) = (statistics[2 * Orders], statistics[(2 * Orders) + 1]);
        var brevity = length >= reference ? 1 : length > 0 ? Math.Exp(1 - (reference / length)) : 0;

        // An order without any n-gram makes the score 0.
        return brevity * Math.Exp(PythonMath.Sum(precisions.Take(order).Select(precision => precision > 0 ? Math.Log(precision) : -9999999999)) / order);
    }

    private static List<string> Tokenize(string text, bool international)
    {
        text = PythonText.RightStrip(text);
        return PythonText.Split(international ? International(text) : Western13a(text));
    }

    private static string Western13a(string text)
    {
        text = text.Replace("<skipped>", "", StringComparison.Ordinal).Replace("-\n", "", StringComparison.Ordinal).Replace('\n', ' ')
            .Replace("&quot;", "\"", StringComparison.Ordinal).Replace("&amp;", "&", StringComparison.Ordinal)
            .Replace("&lt;", "<", StringComparison.Ordinal).Replace("&gt;", ">", StringComparison.Ordinal);
        text = $" {text} ";
        foreach (var (pattern, replacement) in Western)
        {
            text = pattern.Replace(text, replacement);
        }

        return text;
    }

    // Over code points, as the original: (\P{N})(\p{P}) -> 1 2_, (\p{P})(\P{N}) -> _1 2, (\p{S}) -> _1_
    private static string International(string text)
    {
        text = Pairs(text, (a, b) => !IsNumber(a) && IsPunctuation(b), "{0} {1} ");
        text = Pairs(text, (a, b) => IsPunctuation(a) && !IsNumber(b), " {0} {1}");
        return string.Concat(text.EnumerateRunes().Select(rune => IsSymbol(rune) ? $" {rune} " : rune.ToString()));
    }

    private static string Pairs(string text, Func<Rune, Rune, bool> matches, string format)
    {
        var runes = text.EnumerateRunes().ToArray();
        var result = new StringBuilder();
        for (var i = 0; i < runes.Length; i++)
        {
            if (i + 1 < runes.Length && matches(runes[i], runes[i + 1]))
            {
                result.AppendFormat(CultureInfo.InvariantCulture, format, runes[i], runes[i + 1]);
                i++;
            }
            else
            {
                result.Append(runes[i].ToString());
            }
        }

        return result.ToString();
    }

    private static bool IsNumber(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    private static bool IsPunctuation(Rune rune) => Rune.IsPunctuation(rune);

    private static bool IsSymbol(Rune rune) => Rune.IsSymbol(rune);
}
