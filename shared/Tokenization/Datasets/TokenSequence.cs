namespace LamdAgent.Tokenization.Datasets;

/// <summary>Turns text with marked ranges into ids and a mask.</summary>
internal static class TokenSequence
{
    /// <summary>
    /// Encodes text and marks the tokens of the ranges. What comes before a range keeps the tokens it has by itself, since that is what the model is given
    /// when it is used: where the whole text would be cut differently, its parts are encoded apart.
    /// </summary>
    public static (List<int> Ids, List<byte> Mask, bool EncodedApart) Encode(Tokenizer tokenizer, string text, IReadOnlyList<(int Start, int End)> trained)
    {
        var spans = tokenizer.EncodeWithSpans(text);
        var ids = new List<int>(spans.Length);
        var mask = new List<byte>(spans.Length);
        if (trained.All(range => IsBoundary(tokenizer, text, spans, range.Start)))
        {
            foreach (var span in spans)
            {
                ids.Add(span.Id);
                mask.Add(trained.Any(range => span.Start >= range.Start && span.Start < range.End) ? (byte)1 : (byte)0);
            }

            return (ids, mask, false);
        }

        var at = 0;
        foreach (var (start, end) in trained)
        {
            Append(text[at..start], 0);
            Append(text[start..end], 1);
            at = end;
        }

        Append(text[at..], 0);
        return (ids, mask, true);

        void Append(string part, byte value)
        {
            if (part.Length == 0)
            {
                return;
            }

            var partIds = ids.Count == 0 ? tokenizer.Encode(part, addSpecialTokens: false) : tokenizer.EncodeContinuation(part);
            ids.AddRange(partIds);
            mask.AddRange(Enumerable.Repeat(value, partIds.Length));
        }
    }

    private static bool IsBoundary(Tokenizer tokenizer, string text, TokenSpan[] spans, int at)
    {
        if (at == 0)
        {
            return true;
        }

        var before = tokenizer.Encode(text[..at], addSpecialTokens: false);
        return before.Length <= spans.Length && (before.Length == spans.Length || spans[before.Length].Start >= at)
            && spans.Take(before.Length).Select(span => span.Id).SequenceEqual(before);
    }
}
