using System.Text.RegularExpressions;
using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.Instructions;

/// <summary>Splits text into words and punctuation as NLTK's <c>word_tokenize</c> does: sentences first, then the Penn Treebank rules in order (<c>nltk/tokenize/destructive.py</c>).</summary>
internal static class TreebankWords
{
    private static readonly (Regex Pattern, string Replacement)[] Before =
    [
        Rule(@"([«“‘„]|[`]+)", " $1 "),
        Rule(@"^""", "``"),
        Rule(@"(``)", " $1 "),
        Rule(@"([ \(\[{<])(""|'{2})", "$1 `` "),
        Rule(@"(?i)(')(?!re|ve|ll|m|t|s|d|n)(\w)\b", "$1 $2"),
        Rule(@"([^\.])(\.)([\]\)}>""'»”’ ]*)\s*$", "$1 $2 $3 "),
        Rule(@"([:,])([^\d])", " $1 $2"),
        Rule(@"([:,])$", " $1 "),
        Rule(@"\.{2,}", " $0 "),
        Rule(@"[;@#$%&]", " $0 "),
        Rule(@"([^\.])(\.)([\]\)}>""']*)\s*$", "$1 $2$3 "),
        Rule(@"[?!]", " $0 "),
        Rule(@"([^'])' ", "$1 ' "),
        Rule(@"[*]", " $0 "),
        Rule(@"[\]\[\(\)\{\}\<\>]", " $0 "),
        Rule(@"--", " -- "),
    ];

    private static readonly (Regex Pattern, string Replacement)[] After =
    [
        Rule(@"([»”’])", " $1 "),
        Rule(@"''", " '' "),
        Rule(@"""", " '' "),
        Rule(@"\s+", " "),
        Rule(@"([^' ])('[sS]|'[mM]|'[dD]|') ", "$1 $2 "),
        Rule(@"([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ", "$1 $2 "),
        Rule(@"(?i)\b(can)(not)\b", " $1 $2 "),
        Rule(@"(?i)\b(d)('ye)\b", " $1 $2 "),
        Rule(@"(?i)\b(gim)(me)\b", " $1 $2 "),
        Rule(@"(?i)\b(gon)(na)\b", " $1 $2 "),
        Rule(@"(?i)\b(got)(ta)\b", " $1 $2 "),
        Rule(@"(?i)\b(lem)(me)\b", " $1 $2 "),
        Rule(@"(?i)\b(more)('n)\b", " $1 $2 "),
        Rule(@"(?i)\b(wan)(na)(?=\s)", " $1 $2 "),
        Rule(@"(?i) ('t)(is)\b", " $1 $2 "),
        Rule(@"(?i) ('t)(was)\b", " $1 $2 "),
    ];

    /// <summary>The words in order.</summary>
    public static List<string> Split(string text) => [.. PunktSentences.Split(text).SelectMany(Words)];

    private static List<string> Words(string sentence)
    {
        foreach (var (pattern, replacement) in Before)
        {
            sentence = pattern.Replace(sentence, replacement);
        }

        sentence = $" {sentence} ";
        foreach (var (pattern, replacement) in After)
        {
            sentence = pattern.Replace(sentence, replacement);
        }

        return PythonText.Split(sentence);
    }

    private static (Regex Pattern, string Replacement) Rule(string pattern, string replacement) => (PythonRegex.Create(pattern), replacement);
}
