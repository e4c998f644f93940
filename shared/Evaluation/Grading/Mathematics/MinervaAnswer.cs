using System.Text.RegularExpressions;
using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.Mathematics;

/// <summary>Finds and normalises a final answer as in appendix D of Lewkowycz et al. (2022, arXiv 2206.14858).</summary>
internal static class MinervaAnswer
{
    public const string Invalid = "[invalidanswer]";
    private const string End = "I hope it is correct.";

    private static readonly Regex Final = PythonRegex.Create("Final Answer: The final answer is(.*?). I hope it is correct.");

    private static readonly (string From, string To)[] Substitutions =
    [
        ("an ", ""), ("a ", ""), (".$", "$"), (@"\$", ""), (@"\ ", ""), (" ", ""), ("mbox", "text"), (@",\text{and}", ","), (@"\text{and}", ","), (@"\text{m}", @"\text{}"),
    ];

    private static readonly string[] Removed =
    [
        "square", "ways", "integers", "dollars", "mph", "inches", "ft", "hours", "km", "units", @"\ldots", "sue", "points", "feet", "minutes", "digits", "cents",
        "degrees", "cm", "gm", "pounds", "meters", "meals", "edges", "students", "childrentickets", "multiples", @"\text{s}", @"\text{.}", "\\text{\ns}",
        @"\text{}^2", @"\text{}^3", "\\text{\n}", @"\text{}", @"\mathrm{th}", @"^\circ", @"^{\circ}", @"\;", @",\!", "{,}", "\"", @"\dots",
    ];

    private static readonly (Regex Pattern, string Replacement)[] Unwrapped =
    [
        (PythonRegex.Create(@"(.*?)(\$)(.*?)(\$)(.*)"), "$$$3$$"),
        (PythonRegex.Create(@"(\\text\{)(.*?)(\})"), "$2"),
        (PythonRegex.Create(@"(\\textbf\{)(.*?)(\})"), "$2"),
        (PythonRegex.Create(@"(\\overline\{)(.*?)(\})"), "$2"),
        (PythonRegex.Create(@"(\\boxed\{)(.*)(\})"), "$2"),
        (PythonRegex.Create("(frac)([^{])(.)"), "frac{$2}{$3}"),
        (PythonRegex.Create("(sqrt)([^{])"), "sqrt{$2}"),
    ];

    /// <summary>The answer as the model wrote it.</summary>
    public static string Extract(string text) => Final.Match(text + End) is { Success: true } match ? PythonText.Strip(match.Groups[1].Value) : Invalid;

    /// <summary>The answer to be parsed.</summary>
    public static string Normalise(string answer)
    {
        answer = answer[(answer.LastIndexOf('=') + 1)..];
        foreach (var (from, to) in Substitutions)
        {
            answer = answer.Replace(from, to, StringComparison.Ordinal);
        }

        foreach (var expression in Removed)
        {
            answer = answer.Replace(expression, "", StringComparison.Ordinal);
        }

        foreach (var (pattern, replacement) in Unwrapped)
        {
            answer = pattern.Replace(answer, replacement);
        }

        answer = answer.Replace("$", "", StringComparison.Ordinal);
        var digits = answer.Replace(",", "", StringComparison.Ordinal);
        return digits.Length > 0 && digits.All(char.IsDigit) ? digits : answer;
    }
}
