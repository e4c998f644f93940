using System.Text.RegularExpressions;
using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.Instructions;

/// <summary>
/// Splits English text into sentences as NLTK's Punkt tokenizer does (Kiss and Strunk, 2006; <c>nltk/tokenize/punkt.py</c>): each <c>. ? !</c> is a
/// candidate, and abbreviations, initials, ellipses and collocations around it decide.
/// </summary>
internal static class PunktSentences
{
    private const string NonWord = @"(?:[)"";}\]\*:@'\({\[\?\!])";
    private const string MultiChar = @"(?:\-{2,}|\.{2,}|(?:\.\s){2,}\.)";
    private const string WhiteSpace = " \t\n\r\v\f";

    private static readonly Regex Candidate = PythonRegex.Create($@"[\.\?\!](?=(?<after>{NonWord}|\s+(?<next>\S+)))");
    private static readonly Regex Word = PythonRegex.Create(
        $@"({MultiChar}|(?=[^\(""\`{{\[:;&\#\*@\)}}\]\-,])\S+?(?=\s|$|{NonWord}|{MultiChar}|,(?=$|\s|{NonWord}|{MultiChar}))|\S)");

    private static readonly Regex Realign = PythonRegex.Create(@"\G[""'\)\]}]+?(?:\s+|(?=--)|$)", RegexOptions.Multiline);

    /// <summary>The sentences in order.</summary>
    public static List<string> Split(string text)
    {
        var slices = Slices(text).ToList();
        var sentences = new List<string>();
        var shift = 0;
        for (var i = 0; i < slices.Count; i++)
        {
            // Closing quotes and brackets after a sentence belong to it.
            var start = Math.Min(slices[i].Start + shift, slices[i].End);
            var end = slices[i].End;
            shift = 0;
            if (i + 1 < slices.Count && Realign.Match(text[slices[i + 1].Start..slices[i + 1].End]) is { Success: true } match)
            {
                end = slices[i + 1].Start + PythonText.RightStrip(match.Value).Length;
                shift = match.Length;
            }

            if (end > start)
            {
                sentences.Add(text[start..end]);
            }
        }

        return sentences;
    }

    private static IEnumerable<(int Start, int End)> Slices(string text)
    {
        var last = 0;
        foreach (var (match, context) in Candidates(text))
        {
            if (ContainsBreak(context))
            {
                yield return (last, match.Index + match.Length);
                last = match.Groups["next"].Success ? match.Groups["next"].Index : match.Index + match.Length;
            }
        }

        yield return (last, Math.Max(last, PythonText.RightStrip(text).Length));
    }

    // Of candidates within one word only the last is looked at, with the word as its context.
    private static IEnumerable<(Match Match, string Context)> Candidates(string text)
    {
        Match? previous = null;
        var (previousStart, previousEnd) = (0, 0);
        foreach (Match match in Candidate.Matches(text))
        {
            var space = text[previousEnd..match.Index].LastIndexOfAny(WhiteSpace.ToCharArray());
            var start = space > 0 ? previousEnd + space + 1 : previousStart;
            if (previous is not null && previousEnd <= start)
            {
                yield return (previous, text[previousStart..previousEnd] + previous.Value + previous.Groups["after"].Value);
            }

            (previous, previousStart, previousEnd) = (match, start, match.Index);
        }

        if (previous is not null)
        {
            yield return (previous, text[previousStart..previousEnd] + previous.Value + previous.Groups["after"].Value);
        }
    }

    // A break counts only when a word follows it.
    private static bool ContainsBreak(string context)
    {
        var tokens = context.Split('\n').Where(line => PythonText.Strip(line).Length > 0)
            .SelectMany(line => Word.Matches(line).Select(match => new PunktToken(match.Value))).ToList();
        foreach (var token in tokens)
        {
            FirstPass(token);
        }

        for (var i = 0; i + 1 < tokens.Count; i++)
        {
            SecondPass(tokens[i], tokens[i + 1]);
        }

        return tokens.FindIndex(token => token.SentenceBreak) is var index and >= 0 && index < tokens.Count - 1;
    }

    private static void FirstPass(PunktToken token)
    {
        if (token.Text is "." or "?" or "!")
        {
            token.SentenceBreak = true;
        }
        else if (!token.IsEllipsis && token.EndsWithPeriod && !token.Text.EndsWith("..", StringComparison.Ordinal))
        {
            var word = PythonText.Lower(token.Text[..^1]);
            token.Abbreviation = PunktParameters.Abbreviations.Contains(word) || PunktParameters.Abbreviations.Contains(word[(word.LastIndexOf('-') + 1)..]);
            token.SentenceBreak = !token.Abbreviation;
        }
    }

    private static void SecondPass(PunktToken token, PunktToken next)
    {
        if (!token.EndsWithPeriod)
        {
            return;
        }

        var nextType = next.TypeWithoutSentencePeriod;
        if (PunktParameters.Collocations.Contains((token.TypeWithoutPeriod, nextType)))
        {
            (token.SentenceBreak, token.Abbreviation) = (false, true);
            return;
        }

        if ((token.Abbreviation || token.IsEllipsis) && !token.IsInitial && next.FirstUpper && PunktParameters.SentenceStarters.Contains(nextType))
        {
            token.SentenceBreak = true;
            return;
        }

        // Without the table of capitalisation: punctuation and lower case do not start a sentence, anything else may.
        var cannotStart = next.Text is ";" or ":" or "," or "." or "!" or "?" || next.FirstLower;
        if ((token.IsInitial || token.TypeWithoutPeriod == "##number##") && (cannotStart || (token.IsInitial && next.FirstUpper)))
        {
            (token.SentenceBreak, token.Abbreviation) = (false, true);
        }
    }
}
