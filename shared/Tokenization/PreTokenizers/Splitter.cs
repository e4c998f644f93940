namespace LamdAgent.Tokenization.PreTokenizers;

/// <summary>Cuts text at matches, as <c>NormalizedString::split</c> of the tokenizers library does.</summary>
internal static class Splitter
{
    /// <param name="matches">Ranges from left to right.</param>
    /// <param name="invert">Treat what lies between the matches as the matches.</param>
    public static void Split(AlignedText piece, List<(int Start, int End)> matches, SplitBehavior behavior, bool invert, List<AlignedText> output)
    {
        var parts = new List<(int Start, int End, bool IsMatch)>((matches.Count * 2) + 1);
        var last = 0;
        foreach (var (start, end) in matches)
        {
            if (start > last)
            {
                parts.Add((last, start, invert));
            }

            parts.Add((start, end, !invert));
            last = end;
        }

        if (last < piece.Text.Length)
        {
            parts.Add((last, piece.Text.Length, invert));
        }

        foreach (var (start, end, isMatch) in Arrange(parts, behavior))
        {
            if (end > start && !(isMatch && behavior == SplitBehavior.Removed))
            {
                output.Add(piece.Slice(start, end));
            }
        }
    }

    private static List<(int Start, int End, bool IsMatch)> Arrange(List<(int Start, int End, bool IsMatch)> parts, SplitBehavior behavior)
    {
        if (behavior is SplitBehavior.Isolated or SplitBehavior.Removed)
        {
            return parts;
        }

        var result = new List<(int Start, int End, bool IsMatch)>(parts.Count);
        var previousMatch = false;
        if (behavior == SplitBehavior.MergedWithNext)
        {
            parts.Reverse();
        }

        foreach (var part in parts)
        {
            var joins = behavior == SplitBehavior.Contiguous ? part.IsMatch == previousMatch : part.IsMatch && !previousMatch;
            if (joins && result.Count > 0)
            {
                var neighbour = result[^1];
                result[^1] = behavior == SplitBehavior.MergedWithNext ? neighbour with { Start = part.Start } : neighbour with { End = part.End };
            }
            else
            {
                result.Add(part);
            }

            previousMatch = part.IsMatch;
        }

        if (behavior == SplitBehavior.MergedWithNext)
        {
            result.Reverse();
        }

        return result;
    }
}
