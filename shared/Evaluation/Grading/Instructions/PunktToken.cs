using System.Text.RegularExpressions;
using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.Instructions;

/// <summary>A word of a text with what Punkt notes about it.</summary>
internal sealed class PunktToken
{
    private static readonly Regex Numeric = PythonRegex.Create(@"^-?[\.,]?\d[\d,\.-]*\.?$");
    private static readonly Regex Initial = PythonRegex.Create(@"^(?!\d)\w\.$");
    private static readonly Regex Dots = PythonRegex.Create(@"^\.\.+$");

    public PunktToken(string text)
    {
        Text = text;
        Type = Numeric.Replace(PythonText.Lower(text), "##number##");
        EndsWithPeriod = text.EndsWith('.');
        IsInitial = Initial.IsMatch(text) && text[0] != '_';
        IsEllipsis = Dots.IsMatch(text);
        FirstUpper = PythonText.IsUpper(text[..1]);
        FirstLower = PythonText.IsLower(text[..1]);
    }

    public string Text { get; }

    /// <summary>Lower-cased, numbers as one type.</summary>
    public string Type { get; }

    public bool EndsWithPeriod { get; }

    public bool IsInitial { get; }

    public bool IsEllipsis { get; }

    public bool FirstUpper { get; }

    public bool FirstLower { get; }

    public bool SentenceBreak { get; set; }

    public bool Abbreviation { get; set; }

    public string TypeWithoutPeriod => Type.Length > 1 && Type[^1] == '.' ? Type[..^1] : Type;

    public string TypeWithoutSentencePeriod => SentenceBreak ? TypeWithoutPeriod : Type;
}
