using LamdAgent.Domain;

namespace LamdAgent.Modeling.Architectures;

/// <summary>
/// Sequences laid one after the other without padding: what the decoder reads. Tokens see earlier tokens of their own sequence only, and positions count
/// from 0 in each. So padding costs nothing, packed rows are exact, and a batch gives what its rows give alone.
/// Example: rows [5, 6, 7] and [8, 9] become Ids [5, 6, 7, 8, 9], Lengths [3, 2], positions 0 1 2 0 1.
/// </summary>
public sealed class TokenBatch
{
    private readonly bool padded;

    private TokenBatch(int[] ids, int[] lengths, bool padded = false)
    {
        Ids = ids;
        Lengths = lengths;
        this.padded = padded;
    }

    /// <summary>Token ids of all sequences, [N].</summary>
    public IReadOnlyList<int> Ids { get; }

    /// <summary>Tokens of each sequence, all at least 1; they add up to N.</summary>
    public IReadOnlyList<int> Lengths { get; }

    /// <summary>N, tokens of all sequences.</summary>
    public int Count => Ids.Count;

    internal int[] IdArray => (int[])Ids;

    internal int[] LengthArray => (int[])Lengths;

    /// <summary>One sequence for each row; none may be empty.</summary>
    public static TokenBatch FromRows(IEnumerable<IReadOnlyList<int>> rows)
    {
        var ids = new List<int>();
        var lengths = new List<int>();
        foreach (var row in rows)
        {
            if (row.Count == 0)
            {
                throw new ArgumentException($"row {lengths.Count} has no tokens", nameof(rows));
            }

            ids.AddRange(row);
            lengths.Add(row.Count);
        }

        return lengths.Count > 0 ? new TokenBatch([.. ids], [.. lengths]) : throw new ArgumentException("no rows", nameof(rows));
    }

    /// <summary>Sequences that are packed already.</summary>
    /// <param name="ids">All tokens, [N].</param>
    /// <param name="lengths">Tokens of each sequence; they add up to N.</param>
    public static TokenBatch FromPacked(IReadOnlyList<int> ids, IReadOnlyList<int> lengths)
    {
        if (lengths.Sum() != ids.Count || lengths.Any(n => n < 1))
        {
            throw new ArgumentException($"the lengths must be at least 1 and add up to {ids.Count}", nameof(lengths));
        }

        return new TokenBatch([.. ids], [.. lengths]);
    }

    /// <summary>
    /// Rows with padding on either side. <paramref name="places"/> says where each token of the batch stands in the rows: row * T + column, [N]. Rotary frequencies that depend on the
    /// length of a text (dynamic, longrope) are those of the longest row, as transformers has it for padded rows; other batches give what their rows give alone.
    /// </summary>
    /// <param name="ids">Rows of equal length T.</param>
    /// <param name="mask">1 for tokens, 0 for padding; null: no padding. The ones of a row are one unbroken run; a row may be all padding.</param>
    /// <param name="places">Where the tokens came from.</param>
    /// <exception cref="InvalidInputException">Rows differ in length, or a mask has holes.</exception>
    public static TokenBatch FromPadded(IReadOnlyList<IReadOnlyList<int>> ids, IReadOnlyList<IReadOnlyList<int>>? mask, out int[] places)
    {
        var width = ids.Count > 0 ? ids[0].Count : 0;
        var (kept, tokens, lengths) = (new List<int>(), new List<int>(), new List<int>());
        for (var row = 0; row < ids.Count; row++)
        {
            if (ids[row].Count != width || (mask is not null && (mask.Count != ids.Count || mask[row].Count != width)))
            {
                throw new InvalidInputException($"input_ids and attention_mask must be rows of one length; row {row} is not as long as row 0 ({width})");
            }

            var (first, last, count) = (-1, -1, 0);
            for (var column = 0; column < width; column++)
            {
                if (mask is null || mask[row][column] != 0)
                {
                    first = first < 0 ? column : first;
                    last = column;
                    count++;
                    kept.Add((row * width) + column);
                    tokens.Add(ids[row][column]);
                }
            }

            if (count > 0 && last - first + 1 != count)
            {
                throw new InvalidInputException($"attention_mask row {row}: the ones must be one unbroken run");
            }

            if (count > 0)
            {
                lengths.Add(count);
            }
        }

        if (lengths.Count == 0)
        {
            throw new InvalidInputException("input_ids hold no tokens");
        }

        places = [.. kept];
        return new TokenBatch([.. tokens], [.. lengths], padded: true);
    }

    /// <summary>For every token the length of its sequence, [N]; of the longest one where rows were padded.</summary>
    internal int[] TextLengths()
    {
        var longest = LengthArray.Max();
        return [.. LengthArray.SelectMany(length => Enumerable.Repeat(padded ? longest : length, length))];
    }

    /// <summary>The position of every token within its sequence, [N].</summary>
    internal int[] Positions()
    {
        var positions = new int[Count];
        var next = 0;
        foreach (var length in LengthArray)
        {
            for (var p = 0; p < length; p++)
            {
                positions[next++] = p;
            }
        }

        return positions;
    }
}
