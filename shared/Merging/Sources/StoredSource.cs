using LamdAgent.Checkpoints;
using LamdAgent.Merging.Numerics;

namespace LamdAgent.Merging.Sources;

/// <summary>A tensor of a mapped file, as it is.</summary>
internal sealed class StoredSource(SafetensorsTensor tensor) : TensorSource(tensor.DType, tensor.Shape)
{
    /// <inheritdoc />
    public override SafetensorsTensor Stored => tensor;

    /// <inheritdoc />
    public override void Read<T>(long start, Span<T> destination)
    {
        var size = DType.ByteSize();
        ElementConversion.Read(tensor.Slice(start * size, destination.Length * size), DType, destination);
    }
}
