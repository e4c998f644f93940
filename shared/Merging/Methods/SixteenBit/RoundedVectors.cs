using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Numerics;

namespace LamdAgent.Merging.Methods.SixteenBit;

/// <summary>
/// What the geometric methods share in 16-bit arithmetic. The reference rounds after every element-wise operation and once at the end of a sum, so the shortcut by inner products
/// (<see cref="GramMatrix"/>), which is right in float32, does not give its numbers; here its operations are done one after the other, whatever must be known before in passes of its own.
/// </summary>
internal static class RoundedVectors
{
    /// <summary>An operand of a block, or its rounded difference to the base.</summary>
    public static Span<float> Load(Block<float> block, TensorMerge<float> tensor, int operand, bool relative) =>
        relative ? block.LoadDelta(operand, block.Load(tensor.Base)) : block.Load(operand);

    /// <summary>Lengths of vectors, rounded once.</summary>
    public static float[] Norms(TensorMerge<float> tensor, VectorGrouping grouping, BlockTerms<float> vector, Rounding rounding) =>
        [.. SquareSums(tensor, grouping, vector).Select(sum => (float)rounding.Apply(Math.Sqrt(sum)))];

    /// <summary>Sums of squares, not rounded; a square of a 16-bit number is exact in float32.</summary>
    public static double[] SquareSums(TensorMerge<float> tensor, VectorGrouping grouping, BlockTerms<float> vector) =>
        VectorGroups.Sum(tensor, grouping, block =>
        {
            var values = vector(block);
            var squares = block.Scratch();
            System.Numerics.Tensors.TensorPrimitives.Multiply(values, values, squares);
            return squares;
        });

    /// <summary>Sums of terms, rounded once.</summary>
    public static float[] Sums(TensorMerge<float> tensor, VectorGrouping grouping, BlockTerms<float> terms, Rounding rounding) =>
        [.. VectorGroups.Sum(tensor, grouping, terms).Select(sum => (float)rounding.Apply(sum))];
}
