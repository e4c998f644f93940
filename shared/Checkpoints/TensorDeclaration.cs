namespace LamdAgent.Checkpoints;

/// <summary>A tensor that is going to be written: what a header says about it, without its data.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="DType">Element type.</param>
/// <param name="Shape">Dimensions, outermost first; empty for a scalar.</param>
public sealed record TensorDeclaration(string Name, DType DType, IReadOnlyList<long> Shape)
{
    /// <summary>Number of elements.</summary>
    public long ElementCount { get; } = Shape.Aggregate(1L, (product, size) => checked(product * size));

    /// <summary>Bytes of the data.</summary>
    public long ByteLength => checked(ElementCount * DType.ByteSize());
}
