using System.Text.RegularExpressions;
using LamdAgent.Domain;
using LamdAgent.Domain.Configuration;
using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.Instructions;

/// <summary>IFEval's 25 checks (Zhou et al., 2023, arXiv 2311.07911; <c>lm_eval/tasks/ifeval/instructions.py</c>), one line each where one line does.</summary>
internal static class InstructionChecks
{
    private static readonly Regex Words = PythonRegex.Create(@"\w+");
    private static readonly Regex Placeholders = PythonRegex.Create(@"\[.*?\]");
    private static readonly Regex StarBullets = PythonRegex.Create(@"^\s*\*[^\*].*$", RegexOptions.Multiline);
    private static readonly Regex DashBullets = PythonRegex.Create(@"^\s*-.*$", RegexOptions.Multiline);
    private static readonly Regex Divider = PythonRegex.Create(@"\s?\*\*\*\s?");
    private static readonly Regex Highlight = PythonRegex.Create(@"\*[^\n\*]*\*");
    private static readonly Regex DoubleHighlight = PythonRegex.Create(@"\*\*[^\n\*]*\*\*");
    private static readonly Regex Title = PythonRegex.Create(@"<<[^\n]+>>");
    private static readonly string[] Answers = ["My answer is yes.", "My answer is no.", "My answer is maybe."];

    private static readonly Dictionary<string, Func<string, InstructionArguments, bool>> Checks = new(StringComparer.Ordinal)
    {
        ["keywords:existence"] = (text, a) => a.Texts("keywords").All(word => Search(word, text)),
        ["keywords:frequency"] = (text, a) => a.Compare(
            PythonRegex.FromOutside(PythonText.Strip(a.Text("keyword")), RegexOptions.IgnoreCase).Count(text), "frequency", "relation"),
        ["keywords:forbidden_words"] = (text, a) => !a.Texts("forbidden_words").Any(word => Search($@"\b{word}\b", text)),
        ["keywords:letter_frequency"] = LetterFrequency,
        ["language:response_language"] = (text, a) => LanguageDetector.Detect(text) is not { } language || language == a.Text("language"),
        ["length_constraints:number_sentences"] = (text, a) => a.Compare(PunktSentences.Split(text).Count, "num_sentences", "relation"),
        ["length_constraints:number_paragraphs"] = Paragraphs,
        ["length_constraints:number_words"] = (text, a) => a.Compare(Words.Count(text), "num_words", "relation"),
        ["length_constraints:nth_paragraph_first_word"] = FirstWordOfParagraph,
        ["detectable_content:number_placeholders"] = (text, a) => Placeholders.Count(text) >= a.Number("num_placeholders"),
        ["detectable_content:postscript"] = Postscript,
        ["detectable_format:number_bullet_lists"] = (text, a) => StarBullets.Count(text) + DashBullets.Count(text) == a.Number("num_bullets"),
        ["detectable_format:constrained_response"] = (text, _) => Answers.Any(answer => PythonText.Strip(text).Contains(answer, StringComparison.Ordinal)),
        ["detectable_format:number_highlighted_sections"] = (text, a) => Highlights(text) >= a.Number("num_highlights"),
        ["detectable_format:multiple_sections"] = (text, a) =>
            PythonRegex.FromOutside($@"\s?{PythonText.Strip(a.Text("section_spliter"))}\s?\d+\s?", RegexOptions.None).Count(text) >= a.Number("num_sections"),
        ["detectable_format:json_format"] = (text, _) => IsJson(text),
        ["detectable_format:title"] = (text, _) => Title.Matches(text).Any(match => PythonText.Strip(match.Value.TrimStart('<').TrimEnd('>')).Length > 0),
        ["combination:two_responses"] = (text, _) => TwoResponses(text),
        ["combination:repeat_prompt"] = (text, a) =>
            PythonText.Lower(PythonText.Strip(text)).StartsWith(PythonText.Lower(PythonText.Strip(a.Text("prompt_to_repeat"))), StringComparison.Ordinal),
        ["startend:end_checker"] = (text, a) =>
            PythonText.Lower(PythonText.Strip(text).Trim('"')).EndsWith(PythonText.Lower(PythonText.Strip(a.Text("end_phrase"))), StringComparison.Ordinal),
        ["startend:quotation"] = (text, _) => PythonText.Strip(text) is { Length: > 1 } stripped && stripped[0] == '"' && stripped[^1] == '"',
        ["change_case:capital_word_frequency"] = (text, a) => a.Compare(TreebankWords.Split(text).Count(PythonText.IsUpper), "capital_frequency", "capital_relation"),
        ["change_case:english_capital"] = (text, _) => PythonText.IsUpper(text) && LanguageDetector.Detect(text) is null or "en",
        ["change_case:english_lowercase"] = (text, _) => PythonText.IsLower(text) && LanguageDetector.Detect(text) is null or "en",
        ["punctuation:no_comma"] = (text, _) => !text.Contains(',', StringComparison.Ordinal),
    };

    /// <summary>Whether a text follows an instruction.</summary>
    /// <exception cref="InvalidInputException">There is no such instruction, or its arguments are not usable.</exception>
    public static bool Follows(string instruction, string text, InstructionArguments arguments) => Checks.TryGetValue(instruction, out var check)
        ? check(text, arguments)
        : throw new InvalidInputException($"unknown instruction '{instruction}'{NearestWord.Hint(instruction, Checks.Keys)}");

    private static bool Search(string pattern, string text) => PythonRegex.FromOutside(pattern, RegexOptions.IgnoreCase).IsMatch(text);

    private static bool LetterFrequency(string text, InstructionArguments arguments)
    {
        var letter = PythonText.Lower(PythonText.Strip(arguments.Text("letter")));
        if (letter.Length != 1)
        {
            throw new InvalidInputException("keywords:letter_frequency: 'letter' is not one letter");
        }

        return arguments.Compare(PythonText.Lower(text).Count(c => c == letter[0]), "let_frequency", "let_relation");
    }

    private static bool Paragraphs(string text, InstructionArguments arguments)
    {
        var pieces = Divider.Split(text);
        var count = pieces.Length;
        for (var i = 0; i < pieces.Length; i++)
        {
            if (PythonText.Strip(pieces[i]).Length == 0)
            {
                if (i > 0 && i < pieces.Length - 1)
                {
                    return false;
                }

                count--;
            }
        }

        return count == arguments.Number("num_paragraphs");
    }

    private static bool FirstWordOfParagraph(string text, InstructionArguments arguments)
    {
        var pieces = text.Split("\n\n");
        var count = pieces.Count(piece => PythonText.Strip(piece).Length > 0);
        var nth = arguments.Number("nth_paragraph");
        if (nth > arguments.Number("num_paragraphs"))
        {
            throw new InvalidInputException("length_constraints:nth_paragraph_first_word: 'nth_paragraph' is larger than 'num_paragraphs'");
        }

        if (nth > count || PythonText.Strip(pieces[(int)nth - 1]) is not { Length: > 0 } paragraph)
        {
            return false;
        }

        var word = PythonText.Split(paragraph)[0].TrimStart('\'').TrimStart('"');
        var end = word.AsSpan().IndexOfAny(".,?!'\"");
        return count == arguments.Number("num_paragraphs") && PythonText.Lower(end < 0 ? word : word[..end]) == PythonText.Lower(arguments.Text("first_word"));
    }

    private static bool Postscript(string text, InstructionArguments arguments)
    {
        var marker = PythonText.Strip(arguments.Text("postscript_marker"));
        var pattern = marker switch
        {
            "P.P.S" => @"\s*p\.\s?p\.\s?s.*$",
            "P.S." => @"\s*p\.\s?s\..*$",
            _ => $@"\s*{PythonText.Lower(marker)}.*$",
        };
        return PythonRegex.FromOutside(pattern, RegexOptions.Multiline).IsMatch(PythonText.Lower(text));
    }

    private static int Highlights(string text) =>
        Highlight.Matches(text).Count(match => PythonText.Strip(match.Value.Trim('*')).Length > 0)
        + DoubleHighlight.Matches(text).Count(match => PythonText.Strip(match.Value[2..^2]).Length > 0);

    private static bool IsJson(string text)
    {
        text = PythonText.Strip(text);
        foreach (var prefix in new[] { "```json", "```Json", "```JSON", "```" })
        {
            text = text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text;
        }

        text = text.EndsWith("```", StringComparison.Ordinal) ? text[..^3] : text;
        return PythonJson.IsValid(PythonText.Strip(text));
    }

    private static bool TwoResponses(string text)
    {
        var pieces = text.Split("******");
        for (var i = 1; i < pieces.Length - 1; i++)
        {
            if (PythonText.Strip(pieces[i]).Length == 0)
            {
                return false;
            }
        }

        var valid = pieces.Select(PythonText.Strip).Where(piece => piece.Length > 0).ToList();
        return valid.Count == 2 && valid[0] != valid[1];
    }
}
