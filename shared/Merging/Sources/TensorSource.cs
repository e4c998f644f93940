using System.Numerics;
using LamdAgent.Checkpoints;

namespace LamdAgent.Merging.Sources;

/// <summary>
/// One model's version of a tensor, read in pieces: a stored tensor as it is, cut, with its rows rearranged, or with an adapter added. Thread-safe.
/// </summary>
internal abstract class TensorSource(DType type, IReadOnlyList<long> shape)
{
    /// <summary>The type of the values before any conversion.</summary>
    public DType DType { get; } = type;

    /// <summary>Dimensions, outermost first.</summary>
    public IReadOnlyList<long> Shape { get; } = shape;

    /// <summary>Number of elements.</summary>
    public long Length { get; } = shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>Length of a row: the last dimension, 1 for a scalar.</summary>
    public long Columns => Shape.Count == 0 ? 1 : Shape[^1];

    /// <summary>Reads elements from a flat (row-major) index on.</summary>
    public abstract void Read<T>(long start, Span<T> destination)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>The stored tensor when this is one as it is, which allows copying bytes; else null.</summary>
    public virtual SafetensorsTensor? Stored => null;
}
