using System.Text.Json;
using System.Text.RegularExpressions;
using LamdAgent.Domain;
using LamdAgent.Evaluation.Data;
using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.Questions;

/// <summary>How SQuAD's scripts compare answers.</summary>
internal static class SquadAnswers
{
    private static readonly Regex Articles = PythonRegex.Create(@"\b(a|an|the)\b");

    /// <summary>Lower case, no ASCII punctuation, no articles, single blanks.</summary>
    public static string Normalise(string text) =>
        string.Join(' ', PythonText.Split(Articles.Replace(PythonText.RemovePunctuation(PythonText.Lower(text)), " ")));

    /// <summary>The golds of a row; an empty list means that there is no answer.</summary>
    public static IReadOnlyList<string> Golds(JsonElement item, string path) => [.. item.RequiredList(path).Select(gold =>
        gold.ValueKind == JsonValueKind.String ? gold.GetString()! : throw new InvalidInputException($"'{path}' holds {JsonFields.Kind(gold)}, expected texts"))];

    /// <summary>Version 2 drops golds that normalise to nothing; none left means the right answer is empty.</summary>
    public static IReadOnlyList<string> Version2(IReadOnlyList<string> golds) => golds.Where(gold => Normalise(gold).Length > 0).ToList() is { Count: > 0 } kept ? kept : [""];

    public static double Exact(string gold, string answer) => Normalise(gold) == Normalise(answer) ? 1 : 0;

    /// <summary>F1 of the two bags of words; 0 when they share none.</summary>
    public static double F1(string gold, string answer)
    {
        var goldWords = PythonText.Split(Normalise(gold));
        var answerWords = PythonText.Split(Normalise(answer));
        var open = goldWords.CountBy(word => word).ToDictionary(StringComparer.Ordinal);
        var same = answerWords.CountBy(word => word).Sum(pair => Math.Min(pair.Value, open.GetValueOrDefault(pair.Key)));
        if (same == 0)
        {
            return 0;
        }

        var precision = 1.0 * same / answerWords.Count;
        var recall = 1.0 * same / goldWords.Count;
        return 2 * precision * recall / (precision + recall);
    }

    /// <summary>The same, but two empty answers agree.</summary>
    public static double F1Version2(string gold, string answer)
    {
        var (a, b) = (Normalise(gold), Normalise(answer));
        return a.Length == 0 || b.Length == 0 ? (a == b ? 1 : 0) : F1(gold, answer);
    }
}
