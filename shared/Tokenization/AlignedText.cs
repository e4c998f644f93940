namespace LamdAgent.Tokenization;

/// <summary>
/// A piece of text on its way to tokens. When positions are asked for, every UTF-16 unit carries the range of the source text it came from.
/// </summary>
/// <param name="Text">The text as it stands after the steps so far.</param>
/// <param name="Starts">For each unit, where its source begins; null when positions are not tracked.</param>
/// <param name="Ends">For each unit, where its source ends.</param>
/// <param name="AtStart">Whether the piece begins at the very start of the source text.</param>
internal sealed record AlignedText(string Text, int[]? Starts, int[]? Ends, bool AtStart)
{
    public bool IsTracked => Starts is not null;

    /// <summary>Set for text that continues what was encoded before: nothing is put before it (prefix space, "▁").</summary>
    public bool IsContinuation { get; init; }

    public static AlignedText Of(string text, bool tracked)
    {
        if (!tracked)
        {
            return new AlignedText(text, null, null, true);
        }

        var starts = new int[text.Length];
        var ends = new int[text.Length];
        for (var i = 0; i < text.Length;)
        {
            var length = char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]) ? 2 : 1;
            for (var k = i; k < i + length; k++)
            {
                starts[k] = i;
                ends[k] = i + length;
            }

            i += length;
        }

        return new AlignedText(text, starts, ends, true);
    }

    public AlignedText Slice(int start, int end) => start == 0 && end == Text.Length
        ? this
        : new AlignedText(Text[start..end], Starts?[start..end], Ends?[start..end], AtStart && start == 0) { IsContinuation = IsContinuation && start == 0 };

    /// <summary>Puts text in front; it stands for an empty range of the source.</summary>
    public AlignedText Prepend(string prefix)
    {
        if (!IsTracked)
        {
            return this with { Text = prefix + Text };
        }

        var at = Starts!.Length > 0 ? Starts[0] : 0;
        var fill = Enumerable.Repeat(at, prefix.Length).ToArray();
        return this with { Text = prefix + Text, Starts = [.. fill, .. Starts], Ends = [.. fill, .. Ends!] };
    }

    /// <summary>Replaces the ranges given (in order, not overlapping) by <paramref name="content"/>.</summary>
    public AlignedText Replace(IReadOnlyList<(int Start, int End)> ranges, string content)
    {
        if (ranges.Count == 0)
        {
            return this;
        }

        var text = new System.Text.StringBuilder(Text.Length);
        var starts = new List<int>();
        var ends = new List<int>();
        var last = 0;
        foreach (var (start, end) in ranges)
        {
            text.Append(Text, last, start - last).Append(content);
            if (IsTracked)
            {
                starts.AddRange(Starts.AsSpan(last, start - last));
                ends.AddRange(Ends.AsSpan(last, start - last));
                for (var i = 0; i < content.Length; i++)
                {
                    starts.Add(start < Starts!.Length ? Starts[start] : Ends![^1]);
                    ends.Add(end > 0 ? Ends![end - 1] : Starts![0]);
                }
            }

            last = end;
        }

        text.Append(Text, last, Text.Length - last);
        if (IsTracked)
        {
            starts.AddRange(Starts.AsSpan(last));
            ends.AddRange(Ends.AsSpan(last));
        }

        return this with { Text = text.ToString(), Starts = IsTracked ? [.. starts] : null, Ends = IsTracked ? [.. ends] : null };
    }
}
