namespace LamdAgent.Modeling.Architectures;

/// <summary>One tensor of the checkpoint and its place in the flat buffer.</summary>
/// <param name="Name">Its name in the checkpoint's usual spelling, <c>model.layers.0.self_attn.q_proj.weight</c>.</param>
/// <param name="Shape">Its shape on disk.</param>
/// <param name="Offset">First element in <see cref="FlatParameters.Master"/>; its elements follow each other there in row-major order.</param>
/// <param name="Kind">What it is.</param>
public sealed record ParameterPiece(string Name, IReadOnlyList<long> Shape, long Offset, ParameterKind Kind)
{
    /// <summary>Number of elements.</summary>
    public long Length { get; } = Shape.Aggregate(1L, (product, size) => product * size);
}
