using LamdAgent.Evaluation.Python;

namespace LamdAgent.Evaluation;

/// <summary>Ends an answer where the task says, as lm-evaluation-harness does after generation (<c>postprocess_generated_text</c>).</summary>
public static class StopStrings
{
    /// <summary>Removes thinking, then cuts at each stop string in turn.</summary>
    /// <param name="text">What the model wrote.</param>
    /// <param name="stop">Stop strings in list order; empty ones are skipped.</param>
    /// <param name="thinkEndToken">Everything up to its last occurrence is removed first, with the white space after it.</param>
    public static string Cut(string text, IReadOnlyList<string> stop, string? thinkEndToken = null)
    {
        if (!string.IsNullOrEmpty(thinkEndToken))
        {
            var end = text.LastIndexOf(thinkEndToken, StringComparison.Ordinal);
            text = PythonText.LeftStrip(end < 0 ? text : text[(end + thinkEndToken.Length)..]);
        }

        foreach (var word in stop)
        {
            if (word.Length > 0 && text.IndexOf(word, StringComparison.Ordinal) is var index and >= 0)
            {
                text = text[..index];
            }
        }

        return text;
    }
}
