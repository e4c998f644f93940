namespace LamdAgent.Merging.Sources;

/// <summary>The first rows of another source: how vocabularies that differ in their padding are brought to one size.</summary>
internal sealed class FirstRowsSource(TensorSource inner, long rows) : TensorSource(inner.DType, [rows, .. inner.Shape.Skip(1)])
{
    /// <inheritdoc />
    public override void Read<T>(long start, Span<T> destination) => inner.Read(start, destination);
}
