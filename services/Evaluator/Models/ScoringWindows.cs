using LamdAgent.Domain;

namespace LamdAgent.Evaluator.Models;

/// <summary>
/// Cuts what is longer than a model's positions. A whole text is scored in windows, each token once, with as much before it as fits
/// (lm-evaluation-harness, <c>get_rolling_token_windows</c>); a context that is too long for its continuation is an error.
/// </summary>
internal static class ScoringWindows
{
    public static IEnumerable<(IReadOnlyList<int> Prompt, IReadOnlyList<int> Continuation)> Cut(
        (IReadOnlyList<int> Prompt, IReadOnlyList<int> Continuation) pair, int positions, bool fromStart)
    {
        var (prompt, tokens) = pair;
        if (prompt.Count + tokens.Count - 1 <= positions)
        {
            return [pair];
        }

        return fromStart ? Windows(prompt, tokens, positions)
            : throw new InvalidInputException($"context and continuation have {prompt.Count + tokens.Count} tokens; the model has {positions} positions");
    }

    private static IEnumerable<(IReadOnlyList<int> Prompt, IReadOnlyList<int> Continuation)> Windows(IReadOnlyList<int> start, IReadOnlyList<int> tokens, int positions)
    {
        yield return (start, [.. tokens.Take(positions)]);
        for (var scored = positions; scored < tokens.Count;)
        {
            var end = Math.Min(tokens.Count, scored + positions);
            var first = Math.Max(0, end - positions - 1);
            yield return ([.. tokens.Skip(first).Take(scored - first)], [.. tokens.Skip(scored).Take(end - scored)]);
            scored = end;
        }
    }
}
