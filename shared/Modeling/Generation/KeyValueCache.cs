using LamdAgent.Modeling.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Generation;

/// <summary>
/// Keys and values of every layer for the rows of a batch, (B, KV, capacity, head dim) each. Rows stand flush on the right: all rows write their next token into the same
/// column, so that a step appends with one copy, and a short row has unused columns on its left, which a mask hides.
/// </summary>
internal sealed class KeyValueCache : IAttentionPlan, IDisposable
{
    private const int SmallestGrowth = 128;
    private readonly DecoderSpec spec;
    private readonly Device device;
    private readonly ScalarType dtype;
    private readonly int most;
    private readonly Tensor?[] keys;
    private readonly Tensor?[] values;
    private int[] unused;
    private int capacity;
    private PackedAttention? prefill;
    private Tensor? places;
    private Tensor? mask;

    /// <param name="spec">The model.</param>
    /// <param name="lengths">Tokens of each prompt.</param>
    /// <param name="most">Columns that will be needed at most: the longest prompt and the new tokens.</param>
    /// <param name="dtype">What the model computes in.</param>
    /// <param name="device">Where it computes.</param>
    public KeyValueCache(DecoderSpec spec, int[] lengths, int most, ScalarType dtype, Device device)
    {
        this.spec = spec;
        this.device = device;
        this.dtype = dtype;
        this.most = most;
        Columns = lengths.Max();
        unused = Array.ConvertAll(lengths, n => Columns - n);
        keys = new Tensor?[spec.Layers];
        values = new Tensor?[spec.Layers];
        capacity = Math.Min(most, Columns + SmallestGrowth);
        StartPrefill(lengths);
    }

    /// <summary>Columns in use.</summary>
    public int Columns { get; private set; }

    /// <summary>Rows in the batch.</summary>
    public int Rows => unused.Length;

    /// <summary>Where the next token of each row stands in its sequence.</summary>
    public int[] NextPositions => Array.ConvertAll(unused, u => Columns - u);

    /// <summary>The prompts have been read: from here on every pass brings one token a row.</summary>
    public void EndPrefill()
    {
        prefill = null;
        places?.Dispose();
        places = null;
        mask = MaskOfUnused();
    }

    /// <summary>Makes room for one more token of every row; call before the pass that brings them.</summary>
    public void Advance()
    {
        if (Columns == capacity)
        {
            Grow();
        }

        Columns++;
    }

    /// <summary>Keeps only some rows, in their order.</summary>
    public void Keep(int[] rows)
    {
        using var scope = NewDisposeScope();
        var index = tensor(Array.ConvertAll(rows, r => (long)r), ScalarType.Int64, device);
        for (var i = 0; i < keys.Length; i++)
        {
            Replace(keys, i, keys[i]!.index_select(0, index));
            Replace(values, i, values[i]!.index_select(0, index));
        }

        unused = Array.ConvertAll(rows, r => unused[r]);
        mask?.Dispose();
        mask = MaskOfUnused();
    }

    /// <inheritdoc />
    public void Prepare(int? window, ScalarType prepared) => prefill?.Prepare(window, prepared);

    /// <inheritdoc />
    public Tensor Attend(Tensor queriesKeysValues, AttentionSettings settings) =>
        prefill is null ? Step(queriesKeysValues, settings) : Fill(queriesKeysValues, settings, prefill);

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var tensor in keys.Concat(values))
        {
            tensor?.Dispose();
        }

        places?.Dispose();
        mask?.Dispose();
    }

    private void StartPrefill(int[] lengths)
    {
        prefill = new PackedAttention(lengths, device);
        var gather = new long[Rows * Columns]; // unused columns take any token; the mask hides them
        var start = 0;
        for (var row = 0; row < Rows; row++)
        {
            for (var t = 0; t < lengths[row]; t++)
            {
                gather[(row * Columns) + unused[row] + t] = start + t;
            }

            start += lengths[row];
        }

        places = tensor(gather, ScalarType.Int64, device).DetachFromDisposeScope();
    }

    // Prompts attend as any packed batch does; their keys and values are kept besides.
    private Tensor Fill(Tensor all, AttentionSettings s, PackedAttention attention)
    {
        var rows = all.narrow(1, s.Heads, 2 * s.KeyValueHeads).index_select(0, places!).view(Rows, Columns, 2 * s.KeyValueHeads, s.HeadDim).transpose(1, 2);
        keys[s.Layer] = Store(rows.narrow(1, 0, s.KeyValueHeads));
        values[s.Layer] = Store(rows.narrow(1, s.KeyValueHeads, s.KeyValueHeads));
        return attention.Attend(all, s);

        Tensor Store(Tensor part)
        {
            var room = zeros([Rows, s.KeyValueHeads, capacity, s.HeadDim], dtype, device).DetachFromDisposeScope();
            room.narrow(2, 0, Columns).copy_(part);
            return room;
        }
    }

    // (B, H + 2 KV, head dim), one token a row. The query heads of one key head stand as its queries, so that keys are never repeated.
    private Tensor Step(Tensor all, AttentionSettings s)
    {
        var parts = all.split([s.Heads, s.KeyValueHeads, s.KeyValueHeads], 1);
        keys[s.Layer]!.select(2, Columns - 1).copy_(parts[1]);
        values[s.Layer]!.select(2, Columns - 1).copy_(parts[2]);
        var first = s.Window is { } window ? Math.Max(0, Columns - window) : 0;
        var count = Columns - first;
        var grouped = s with { Heads = s.KeyValueHeads };
        var attended = ScaledDotProduct.Attend(
            parts[0].reshape(Rows, s.KeyValueHeads, s.Heads / s.KeyValueHeads, s.HeadDim),
            keys[s.Layer]!.narrow(2, first, count),
            values[s.Layer]!.narrow(2, first, count),
            mask?.narrow(3, first, count),
            causal: false,
            grouped);
        return attended.reshape(Rows, s.Heads * s.HeadDim);
    }

    // (B, 1, 1, most), or null when no row is shorter than another
    private Tensor? MaskOfUnused()
    {
        if (Array.TrueForAll(unused, u => u == 0))
        {
            return null;
        }

        using var scope = NewDisposeScope();
        var columns = arange(most, ScalarType.Int64, device).view(1, most);
        var hidden = columns.lt(tensor(Array.ConvertAll(unused, u => (long)u), ScalarType.Int64, device).view(-1, 1));
        return zeros([Rows, most], dtype, device).masked_fill_(hidden, ScaledDotProduct.Lowest(dtype)).view(Rows, 1, 1, most).MoveToOuterDisposeScope().DetachFromDisposeScope();
    }

    private void Grow()
    {
        using var scope = NewDisposeScope();
        var more = Math.Min(most, capacity + Math.Max(SmallestGrowth, capacity / 2)) - capacity;
        for (var i = 0; i < keys.Length; i++)
        {
            var room = zeros([Rows, spec.KeyValueHeads, more, spec.HeadDim], dtype, device);
            Replace(keys, i, cat([keys[i]!, room], 2));
            Replace(values, i, cat([values[i]!, room], 2));
        }

        capacity += more;
    }

    private static void Replace(Tensor?[] tensors, int i, Tensor tensor)
    {
        tensors[i]!.Dispose();
        tensors[i] = tensor.DetachFromDisposeScope();
    }
}
