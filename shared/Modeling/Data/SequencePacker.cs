namespace LamdAgent.Modeling.Data;

/// <summary>
/// Puts several documents into sequences of a fixed length. <c>bfd</c>: best-fit decreasing (arXiv 2404.10830) of documents cut to the length; <c>bfd_split</c>: the same over
/// pieces, so nothing is lost; <c>wrapped</c>: everything in one line, cut every <c>seqLength</c> tokens, where attention may cross documents as in TRL.
/// </summary>
/// <example>Lengths 5, 2, 3, 1 into 4: bfd gives [doc 0, 4 tokens], [doc 2 and doc 3], [doc 1].</example>
public static class SequencePacker
{
    /// <summary>TRL packs its map batches of 1000 documents one by one; so do we, which bounds the reordering.</summary>
    public const int DocumentsPerBatch = 1000;

    /// <summary>Packs documents of these lengths.</summary>
    /// <param name="lengths">Tokens of each document.</param>
    /// <param name="seqLength">Tokens of a sequence.</param>
    /// <param name="strategy">bfd, bfd_split or wrapped.</param>
    public static List<PackedSequence> Pack(IReadOnlyList<int> lengths, int seqLength, string strategy) => strategy switch
    {
        "bfd" => BestFitDecreasing([.. lengths.Select((l, i) => new DocumentPiece(i, 0, Math.Min(l, seqLength))).Where(p => p.Length > 0)], seqLength),
        "bfd_split" => BestFitDecreasing([.. lengths.SelectMany((l, i) => Split(i, l, seqLength))], seqLength),
        "wrapped" => Wrapped(lengths, seqLength),
        _ => throw new ArgumentException($"unknown packing_strategy '{strategy}'", nameof(strategy)),
    };

    private static IEnumerable<DocumentPiece> Split(int document, int length, int seqLength)
    {
        for (var start = 0; start < length; start += seqLength)
        {
            yield return new DocumentPiece(document, start, Math.Min(seqLength, length - start));
        }
    }

    private static List<PackedSequence> BestFitDecreasing(List<DocumentPiece> pieces, int seqLength)
    {
        var bins = new List<List<DocumentPiece>>();

        // Bins by free space; among equals the one that got that space first. A sorted list of the spaces in use finds the smallest that suffices.
        var bySpace = new Queue<int>[seqLength + 1];
        var used = new SortedSet<int>();
        foreach (var piece in pieces.OrderByDescending(p => p.Length))
        {
            var space = used.GetViewBetween(piece.Length, seqLength).Min;
            int bin;
            if (space == 0)
            {
                bin = bins.Count;
                bins.Add([]);
                space = seqLength;
            }
            else
            {
                bin = bySpace[space].Dequeue();
                if (bySpace[space].Count == 0)
                {
                    used.Remove(space);
                }
            }

            bins[bin].Add(piece);
            var left = space - piece.Length;
            if (left > 0)
            {
                (bySpace[left] ??= new Queue<int>()).Enqueue(bin);
                used.Add(left);
            }
        }

        return [.. bins.Select(b => new PackedSequence(b))];
    }

    private static List<PackedSequence> Wrapped(IReadOnlyList<int> lengths, int seqLength)
    {
        var sequences = new List<PackedSequence>();
        var current = new List<DocumentPiece>();
        var free = seqLength;
        for (var document = 0; document < lengths.Count; document++)
        {
            for (var start = 0; start < lengths[document];)
            {
                var take = Math.Min(free, lengths[document] - start);
                current.Add(new DocumentPiece(document, start, take));
                start += take;
                free -= take;
                if (free == 0)
                {
                    sequences.Add(new PackedSequence(current));
                    current = [];
                    free = seqLength;
                }
            }
        }

        if (current.Count > 0)
        {
            sequences.Add(new PackedSequence(current));
        }

        return sequences;
    }
}
