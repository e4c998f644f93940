using static TorchSharp.torch;

namespace LamdAgent.Modeling.Architectures;

/// <summary>
/// Causal attention within each sequence of a batch. Sequences of about the same length are computed together, padded on the right up to the longest of the group: a
/// causal token never looks to its right, so that the padding needs no mask and changes nothing. No mask over the whole packed row exists anywhere.
/// </summary>
internal sealed class PackedAttention : IAttentionPlan
{
    private const double ShortestShare = 0.75; // a sequence joins a group when it fills at least this share of the group's length
    private const int AlwaysTogether = 32; // or when it differs from it by less than this
    private readonly Group[] groups;
    private readonly Tensor? gather;
    private readonly Tensor? inverse;
    private readonly Device device;
    private readonly Dictionary<(long Length, int Window, ScalarType Dtype), Tensor> masks = [];

    /// <param name="lengths">Tokens of each sequence.</param>
    /// <param name="device">Where the batch is.</param>
    public PackedAttention(int[] lengths, Device device)
    {
        this.device = device;
        if (Array.TrueForAll(lengths, n => n == lengths[0]))
        {
            groups = [new Group(lengths.Length, lengths[0])];
            return;
        }

        (groups, var gathered, var places) = Arrange(lengths);
        gather = tensor(gathered, ScalarType.Int64, device);
        inverse = tensor(places, ScalarType.Int64, device);
    }

    /// <inheritdoc />
    public void Prepare(int? window, ScalarType dtype)
    {
        foreach (var group in groups)
        {
            if (window is null || window < group.Length)
            {
                Mask(group.Length, window ?? group.Length, dtype);
            }
        }
    }

    /// <inheritdoc />
    public Tensor Attend(Tensor queriesKeysValues, AttentionSettings settings)
    {
        // One gather and one split for all groups: going back, they are one scatter and one concatenation, where a gather for each group would fill and add the whole batch each time.
        var rows = gather is null ? [queriesKeysValues] : queriesKeysValues.index_select(0, gather).split([.. groups.Select(g => (long)g.Rows * g.Length)]);
        var outputs = new Tensor[groups.Length];
        for (var i = 0; i < groups.Length; i++)
        {
            outputs[i] = Attend(groups[i], rows[i], settings);
        }

        return inverse is null ? outputs[0] : (outputs.Length == 1 ? outputs[0] : cat(outputs)).index_select(0, inverse);
    }

    private Tensor Attend(Group group, Tensor rows, AttentionSettings s)
    {
        var parts = rows.view(group.Rows, group.Length, s.Heads + (2 * s.KeyValueHeads), s.HeadDim).transpose(1, 2).split([s.Heads, s.KeyValueHeads, s.KeyValueHeads], 1);
        var window = Math.Min(s.Window ?? group.Length, group.Length);
        var mask = window < group.Length || s.Softcap is not null ? Mask(group.Length, window, rows.dtype) : null;
        var attended = ScaledDotProduct.Attend(parts[0], parts[1], parts[2], mask, causal: mask is null, s);
        return attended.transpose(1, 2).reshape(group.Rows * group.Length, s.Heads * s.HeadDim);
    }

    private Tensor Mask(long length, int window, ScalarType dtype)
    {
        if (!masks.TryGetValue((length, window, dtype), out var mask))
        {
            mask = ScaledDotProduct.CausalMask(length, window, dtype, device);
            masks.Add((length, window, dtype), mask);
        }

        return mask;
    }

    // Groups from long to short, the token at each of their places one after the other, and the other way round for every token its place.
    private static (Group[] Groups, long[] Gather, long[] Places) Arrange(int[] lengths)
    {
        var starts = new int[lengths.Length];
        for (var i = 1; i < lengths.Length; i++)
        {
            starts[i] = starts[i - 1] + lengths[i - 1];
        }

        var order = Enumerable.Range(0, lengths.Length).OrderByDescending(i => lengths[i]).ToList();
        var arranged = new List<Group>();
        var gathered = new List<long>();
        var places = new long[lengths.Sum()];
        for (var first = 0; first < order.Count;)
        {
            var longest = lengths[order[first]];
            var end = first;
            while (end < order.Count && (lengths[order[end]] >= ShortestShare * longest || longest - lengths[order[end]] < AlwaysTogether))
            {
                end++;
            }

            var taken = new long[(end - first) * longest]; // places of the padding stay 0: any token will do
            for (var row = 0; row < end - first; row++)
            {
                var sequence = order[first + row];
                for (var t = 0; t < lengths[sequence]; t++)
                {
                    taken[(row * longest) + t] = starts[sequence] + t;
                    places[starts[sequence] + t] = gathered.Count + (row * longest) + t;
                }
            }

            gathered.AddRange(taken);
            arranged.Add(new Group(end - first, longest));
            first = end;
        }

        return ([.. arranged], [.. gathered], places);
    }

    private sealed record Group(int Rows, int Length);
}
