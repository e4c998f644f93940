namespace LamdAgent.Modeling.Architectures;

/// <summary>
/// Where every parameter lies in the flat buffer. A <em>slot</em> is what the decoder computes with, a <em>piece</em> is what the checkpoint stores: q, k and v
/// lie one after the other, so that one slot of [q + k + v, D] is a plain view over three pieces and costs no copy. Example (D = 4, two heads of 2, one kv head):
/// q_proj at 0..15 as [4, 4], k_proj at 16..23 as [2, 4], v_proj at 24..31 as [2, 4]; the slot is 0..31 as [8, 4].
/// </summary>
public sealed class ParameterLayout
{
    private readonly List<ParameterPiece> pieces = [];
    private readonly List<(long Length, long[] Shape)> slots = [];

    /// <summary>All pieces in the order of the buffer.</summary>
    public IReadOnlyList<ParameterPiece> Pieces => pieces;

    /// <summary>Elements of the buffer.</summary>
    public long Length { get; private set; }

    internal int SlotCount => slots.Count;

    internal long[] SlotLengths => [.. slots.Select(s => s.Length)];

    internal long[] SlotShape(int slot) => slots[slot].Shape;

    /// <summary>Appends a slot of one piece and returns its index.</summary>
    internal int Add(string name, ParameterKind kind, params long[] shape) => Add([(name, shape)], kind, shape);

    /// <summary>Appends a slot over several pieces that lie one after the other.</summary>
    internal int Add(IReadOnlyList<(string Name, long[] Shape)> parts, ParameterKind kind, long[] shape)
    {
        var start = Length;
        foreach (var (name, partShape) in parts)
        {
            var piece = new ParameterPiece(name, partShape, Length, kind);
            pieces.Add(piece);
            Length += piece.Length;
        }

        slots.Add((Length - start, shape));
        return slots.Count - 1;
    }
}
