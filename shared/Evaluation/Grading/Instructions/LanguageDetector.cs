using System.Text.RegularExpressions;
using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.Instructions;

/// <summary>
/// Names the language of a text as langdetect does (naive Bayes over n-grams drawn at random, Nakatani 2010), with fixed random numbers, so that the
/// same text always has the same language. Chinese, Japanese and Korean are told by their script alone. Where langdetect itself wavers between
/// languages from seed to seed, so may the two.
/// </summary>
internal static class LanguageDetector
{
    /// <summary>Letters are there, but no language is likely.</summary>
    public const string Unknown = "unknown";

    // langdetect's constants.
    private const int Trials = 7;
    private const int MaxIterations = 1000;
    private const int MaxLength = 10_000;
    private const double Alpha = 0.5;
    private const double AlphaWidth = 0.05;
    private const double BaseFrequency = 10_000;
    private const double Convergence = 0.99999;
    private const double LeastProbability = 0.1;

    private static readonly Regex Addresses = PythonRegex.Create(@"https?://[-_.?&~;+=/#0-9A-Za-z]{1,2076}|[-_.0-9A-Za-z]{1,64}@[-_0-9A-Za-z]{1,255}[-_.0-9A-Za-z]{1,255}");

    /// <summary>The ISO 639-1 code, <see cref="Unknown"/>, or null for a text without letters of any of the languages.</summary>
    public static string? Detect(string text)
    {
        text = Clean(text);
        if (EastAsian(text) is { } code)
        {
            return code;
        }

        var ngrams = Ngrams(text);
        if (ngrams.Count == 0)
        {
            return null;
        }

        var sum = new double[LanguageProfiles.Instance.Languages.Count];
        for (var trial = 0; trial < Trials; trial++)
        {
            Run(ngrams, new Random(trial), sum);
        }

        var best = Array.IndexOf(sum, sum.Max());
        return sum[best] / Trials > LeastProbability ? LanguageProfiles.Instance.Languages[best] : Unknown;
    }

    private static void Run(List<IReadOnlyList<(int Language, double Probability)>> ngrams, Random random, double[] sum)
    {
        // Box and Muller's normal number.
        var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        var weight = (Alpha + (normal * AlphaWidth)) / BaseFrequency;
        var probabilities = Enumerable.Repeat(1.0 / sum.Length, sum.Length).ToArray();
        for (var i = 0; ; i++)
        {
            var factors = ngrams[random.Next(ngrams.Count)];
            for (var k = 0; k < probabilities.Length; k++)
            {
                probabilities[k] *= weight;
            }

            foreach (var (language, probability) in factors)
            {
                probabilities[language] *= (weight + probability) / weight;
            }

            if (i % 5 == 0)
            {
                var total = probabilities.Sum();
                for (var k = 0; k < probabilities.Length; k++)
                {
                    probabilities[k] /= total;
                }

                if (probabilities.Max() > Convergence || i >= MaxIterations)
                {
                    break;
                }
            }
        }

        for (var k = 0; k < sum.Length; k++)
        {
            sum[k] += probabilities[k];
        }
    }

    // Without addresses and repeated blanks; without Latin letters where other letters prevail.
    private static string Clean(string text)
    {
        text = Addresses.Replace(text, " ");
        text = text.Length > MaxLength ? text[..MaxLength] : text;
        var latin = text.Count(c => c is >= 'A' and <= 'z');
        var other = text.Count(c => c is >= '\u0300' and not (>= '\u1e00' and <= '\u1eff'));
        return latin * 2 < other ? string.Concat(text.Where(c => c is < 'A' or > 'z')) : text;
    }

    private static string? EastAsian(string text)
    {
        var (kana, han, hangul) = (text.Count(c => c is >= '\u3040' and <= '\u30ff'), text.Count(c => c is >= '\u3400' and <= '\u9fff'), text.Count(c => c is >= '\uac00' and <= '\ud7af'));
        return (kana + han + hangul) * 2 < text.Count(char.IsLetter) || kana + han + hangul == 0 ? null
            : hangul > kana + han ? "ko"
            : kana * 10 > han ? "ja" : "zh-cn";
    }

    // All n-grams of one to three characters that some language has; a word in capitals gives only its first ones.
    private static List<IReadOnlyList<(int Language, double Probability)>> Ngrams(string text)
    {
        var found = new List<IReadOnlyList<(int Language, double Probability)>>();
        var recent = " ";
        var capitals = false;
        foreach (var raw in text)
        {
            var c = Normalise(raw);
            var last = recent[^1];
            if (last == ' ')
            {
                (recent, capitals) = (" ", false);
                if (c == ' ')
                {
                    continue;
                }
            }
            else if (recent.Length >= 3)
            {
                recent = recent[1..];
            }

            recent += c;
            capitals = IsUpper(c) && (capitals || IsUpper(last));
            for (var n = 1; n <= recent.Length && !capitals; n++)
            {
                if (recent[^n..] is var gram && gram != " " && LanguageProfiles.Instance.Find(gram) is { } languages)
                {
                    found.Add(languages);
                }
            }
        }

        return found;
    }

    private static bool IsUpper(char c) => PythonText.IsUpper(c.ToString());

    private static char Normalise(char c) => c switch
    {
        < '\u0080' => char.IsAsciiLetter(c) ? c : ' ',
        '\u00a0' or '\u00ab' or '\u00b0' or '\u00bb' => ' ',
        '\u0219' => '\u015f',
        '\u021b' => '\u0163',
        >= '\u2000' and <= '\u206f' => ' ',
        '\u06cc' => '\u064a',
        >= '\u1ea0' and <= '\u1eff' => '\u1ec3',
        >= '\u3040' and <= '\u309f' => '\u3042',
        >= '\u30a0' and <= '\u30ff' => '\u30a2',
        >= '\u3100' and <= '\u312f' or >= '\u31a0' and <= '\u31bf' => '\u3105',
        >= '\uac00' and <= '\ud7af' => '\uac00',
        _ => c,
    };
}
