using System.Numerics;
using LamdAgent.Merging.Numerics;

namespace LamdAgent.Merging.Engine;

/// <summary>
/// A piece of a tensor in the hands of one thread: the operands' values there, scratch space, and the place for the result. Reused from piece to piece,
/// so that a merge allocates nothing in its loops.
/// </summary>
internal sealed class Block<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly List<T[]> _scratch = [];
    private TensorMerge<T> _tensor = null!;
    private int _used;

    /// <summary>Number of this piece within the tensor, from 0.</summary>
    public long Index { get; private set; }

    /// <summary>Flat index of the first element.</summary>
    public long Start { get; private set; }

    /// <summary>Number of elements.</summary>
    public int Length { get; private set; }

    /// <summary>Prepares for a piece.</summary>
    public Block<T> At(TensorMerge<T> tensor, long index, long start, int length)
    {
        (_tensor, Index, Start, Length, _used) = (tensor, index, start, length, 0);
        return this;
    }

    /// <summary>An operand's values in the arithmetic type, in scratch space that may be changed.</summary>
    public Span<T> Load(int operand)
    {
        var values = Scratch();
        _tensor.Read(operand, Start, values);
        return values;
    }

    /// <summary><see cref="Load"/> as memory, for keeping several in a list.</summary>
    public Memory<T> LoadMemory(int operand)
    {
        Load(operand);
        return _scratch[_used - 1].AsMemory(0, Length);
    }

    /// <summary>The difference of an operand to the base, in the arithmetic type.</summary>
    public Span<T> LoadDelta(int operand, ReadOnlySpan<T> baseValues)
    {
        var values = Load(operand);
        System.Numerics.Tensors.TensorPrimitives.Subtract(values, baseValues, values);
        _tensor.DeltaRounding(operand).Apply(values);
        return values;
    }

    /// <summary>Uninitialised space as long as the block, until the next block.</summary>
    public Span<T> Scratch()
    {
        if (_used == _scratch.Count || _scratch[_used].Length < Length)
        {
            var fresh = GC.AllocateUninitializedArray<T>(Math.Max(Length, TensorMerge<T>.BlockLength));
            if (_used == _scratch.Count)
            {
                _scratch.Add(fresh);
            }
            else
            {
                _scratch[_used] = fresh;
            }
        }

        return _scratch[_used++].AsSpan(0, Length);
    }
}
