using LamdAgent.Domain;

namespace LamdAgent.Evaluation.Grading.Mathematics;

/// <summary>Finds the boxed answer of a solution, as the MATH data set's scripts do.</summary>
internal static class BoxedAnswer
{
    /// <summary>The last <c>\boxed{...}</c> or <c>\fbox{...}</c> with its command, or <c>\boxed x</c> up to the next dollar; null when there is none.</summary>
    public static string? Last(string text)
    {
        var spaced = text.LastIndexOf(@"\boxed ", StringComparison.Ordinal);
        if (spaced >= 0)
        {
            return @"\boxed " + text[(spaced + 7)..].Split('$')[0];
        }

        var start = text.LastIndexOf(@"\boxed", StringComparison.Ordinal);
        start = start < 0 ? text.LastIndexOf(@"\fbox", StringComparison.Ordinal) : start;
        if (start < 0)
        {
            return null;
        }

        var open = 0;
        for (var i = start; i < text.Length; i++)
        {
            open += text[i] == '{' ? 1 : text[i] == '}' ? -1 : 0;
            if (text[i] == '}' && open == 0)
            {
                return text[start..(i + 1)];
            }
        }

        return null;
    }

    /// <summary>The content of the last box of a gold solution.</summary>
    /// <exception cref="InvalidInputException">The solution has no box that can be read.</exception>
    public static string Gold(string solution)
    {
        var boxed = Last(solution) ?? throw new InvalidInputException("'solution' has no \\boxed answer");
        if (boxed.StartsWith(@"\boxed ", StringComparison.Ordinal))
        {
            return boxed[7..];
        }

        return boxed.StartsWith(@"\boxed{", StringComparison.Ordinal)
            ? boxed[7..^1]
            : throw new InvalidInputException("'solution' has no \\boxed{...} answer");
    }
}
