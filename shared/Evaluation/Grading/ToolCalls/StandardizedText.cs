using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation.Grading.ToolCalls;

/// <summary>How BFCL and ACEBench compare texts: without blanks and <c>,./-_*^</c>, lower-cased, single quotes as double ones.</summary>
internal static class StandardizedText
{
    public static string Of(string text) =>
        PythonText.Lower(string.Concat(text.Where(c => !" ,./-_*^".Contains(c, StringComparison.Ordinal)))).Replace('\'', '"');

    /// <summary>The value itself where it is not a text.</summary>
    public static object? OfValue(object? value) => value is string text ? Of(text) : value;
}
