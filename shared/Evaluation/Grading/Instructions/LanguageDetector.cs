using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.Instructions;

/// <summary>
/// Names the language of a clear-cut text: by its script, and where languages share one, by frequent words and letters. The reference uses langdetect
/// (a random process over n-gram profiles of 55 languages); on texts of a sentence or more in one language the two agree, on a word or two they need not.
/// </summary>
internal static class LanguageDetector
{
    /// <summary>Letters are there, but no language can be told.</summary>
    public const string Unknown = "unknown";

    private static readonly Regex Addresses = PythonRegex.Create(@"https?://[-_.?&~;+=/#0-9A-Za-z]{1,2076}|[-_.0-9A-Za-z]{1,64}@[-_0-9A-Za-z]{1,255}[-_.0-9A-Za-z]{1,255}");

    private static readonly (string Script, int First, int Last)[] Ranges =
    [
        ("latin", 0x41, 0x24f), ("latin", 0x1e00, 0x1eff), ("el", 0x370, 0x3ff), ("cyrillic", 0x400, 0x52f), ("he", 0x590, 0x5ff), ("arabic", 0x600, 0x6ff),
        ("devanagari", 0x900, 0x97f), ("bn", 0x980, 0x9ff), ("pa", 0xa00, 0xa7f), ("gu", 0xa80, 0xaff), ("ta", 0xb80, 0xbff), ("te", 0xc00, 0xc7f),
        ("kn", 0xc80, 0xcff), ("ml", 0xd00, 0xd7f), ("th", 0xe00, 0xe7f), ("ko", 0x1100, 0x11ff), ("ja", 0x3040, 0x30ff), ("ko", 0x3130, 0x318f),
        ("han", 0x3400, 0x4dbf), ("han", 0x4e00, 0x9fff), ("ko", 0xac00, 0xd7af),
    ];

    private static readonly List<Language> Languages = Read();

    /// <summary>The ISO 639-1 code, <see cref="Unknown"/>, or null for a text without letters.</summary>
    public static string? Detect(string text)
    {
        text = PythonText.Lower(Addresses.Replace(text, " "));
        var scripts = text.Select(Script).Where(script => script is not null).CountBy(script => script!).ToDictionary(StringComparer.Ordinal);
        if (scripts.Count == 0)
        {
            return null;
        }

        // Names and terms in Latin letters do not make a text English.
        var latin = scripts.GetValueOrDefault("latin");
        if (latin * 2 < scripts.Values.Sum() - latin)
        {
            scripts.Remove("latin");
        }

        var main = scripts.MaxBy(pair => pair.Value).Key;
        return main switch
        {
            "han" or "ja" => scripts.GetValueOrDefault("ja") * 10 > scripts.GetValueOrDefault("han") ? "ja" : "zh-cn",
            "latin" or "cyrillic" or "arabic" or "devanagari" => ByWords(text, main),
            _ => main,
        };
    }

    private static string ByWords(string text, string script)
    {
        var words = Words(text);
        var letters = text.Where(c => Script(c) == script).ToList();
        var best = Languages.Where(language => language.Script == script)
            .Select(language => (language.Code, Score: language.Score(words, letters)))
            .OrderByDescending(pair => pair.Score).Take(2).ToList();
        return best[0].Score > 0 && (best.Count < 2 || best[0].Score > best[1].Score) ? best[0].Code : Unknown;
    }

    // Runs of letters and marks; an apostrophe ends a word (l'eau).
    private static List<string> Words(string text)
    {
        var words = new List<string>();
        var start = -1;
        for (var i = 0; i <= text.Length; i++)
        {
            var inside = i < text.Length && (char.IsLetter(text[i]) || char.GetUnicodeCategory(text[i]) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark);
            if (inside && start < 0)
            {
                start = i;
            }
            else if (!inside && start >= 0)
            {
                words.Add(text[start..i]);
                start = -1;
            }
        }

        return words;
    }

    private static string? Script(char c)
    {
        if (!char.IsLetter(c))
        {
            return null;
        }

        foreach (var (script, first, last) in Ranges)
        {
            if (c >= first && c <= last)
            {
                return script;
            }
        }

        return null;
    }

    private static List<Language> Read()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("languages.tsv")!;
        using var reader = new StreamReader(stream);
        var languages = new List<Language>();
        while (reader.ReadLine() is { } line)
        {
            if (line.Split('\t') is [var code, var letters, var words])
            {
                var set = words.Split(' ').ToHashSet(StringComparer.Ordinal);
                languages.Add(new Language(code, Script(words[0])!, letters.ToHashSet(), set));
            }
        }

        return languages;
    }

    private sealed record Language(string Code, string Script, HashSet<char> Letters, HashSet<string> Frequent)
    {
        // Share of the words that are frequent ones, plus a bonus for letters of its own and a malus for letters it does not have.
        public double Score(List<string> words, List<char> letters)
        {
            var known = words.Count(Frequent.Contains) / (double)words.Count;
            if (Script == "latin")
            {
                var special = letters.Where(c => c > 'z').ToList();
                var own = special.Count(Letters.Contains);
                return known + ((2.0 * own) - (4.0 * (special.Count - own))) / letters.Count;
            }

            return known + (2.0 * letters.Count(Letters.Contains) / letters.Count);
        }
    }
}
