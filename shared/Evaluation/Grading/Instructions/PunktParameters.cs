using System.Reflection;

namespace LamdAgent.Evaluation.Grading.Instructions;

/// <summary>
/// The lists of NLTK's trained English Punkt model. Its table of how 20,366 words are capitalised is not here: without it a word that may or may not
/// start a sentence after an abbreviation is taken by the lists alone.
/// </summary>
internal static class PunktParameters
{
    public static HashSet<string> Abbreviations { get; } = new(StringComparer.Ordinal);

    public static HashSet<(string First, string Second)> Collocations { get; } = [];

    public static HashSet<string> SentenceStarters { get; } = new(StringComparer.Ordinal);

    static PunktParameters()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("punkt-english.tsv")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            switch (line.Split('\t'))
            {
                case ["abbreviation", var word]:
                    Abbreviations.Add(word);
                    break;
                case ["collocation", var first, var second]:
                    Collocations.Add((first, second));
                    break;
                case ["starter", var word]:
                    SentenceStarters.Add(word);
                    break;
            }
        }
    }
}
