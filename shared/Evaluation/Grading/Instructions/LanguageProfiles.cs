using System.Globalization;
using System.IO.Compression;
using System.Reflection;

namespace LamdAgent.Evaluation.Grading.Instructions;

/// <summary>
/// How often n-grams of one to three characters occur in 55 languages: the profiles of the language-detection library (Cybozu Labs, Apache License 2.0).
/// Read on first use.
/// </summary>
internal sealed class LanguageProfiles
{
    private static readonly Lazy<LanguageProfiles> Shared = new(() => new LanguageProfiles());
    private readonly Dictionary<string, List<(int Language, double Probability)>> _ngrams = new(StringComparer.Ordinal);
    private readonly List<string> _languages = [];

    private LanguageProfiles()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("language-profiles.tsv.gz")!;
        using var reader = new StreamReader(new GZipStream(stream, CompressionMode.Decompress));
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#'))
            {
                continue;
            }

            var parts = line.Split('\t');
            var totals = parts[1..4].Select(total => double.Parse(total, CultureInfo.InvariantCulture)).ToArray();
            for (var i = 4; i + 1 < parts.Length; i += 2)
            {
                if (!_ngrams.TryGetValue(parts[i], out var list))
                {
                    _ngrams[parts[i]] = list = [];
                }

                list.Add((_languages.Count, int.Parse(parts[i + 1], CultureInfo.InvariantCulture) / totals[parts[i].Length - 1]));
            }

            _languages.Add(parts[0]);
        }
    }

    public static LanguageProfiles Instance => Shared.Value;

    /// <summary>ISO 639-1 codes.</summary>
    public IReadOnlyList<string> Languages => _languages;

    /// <summary>The languages in which an n-gram occurs, with its share of their n-grams of its length; null when it is in none.</summary>
    public IReadOnlyList<(int Language, double Probability)>? Find(string ngram) => _ngrams.GetValueOrDefault(ngram);
}
