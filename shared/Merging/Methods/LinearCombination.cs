using System.Numerics;
using System.Numerics.Tensors;
using LamdAgent.Merging.Engine;

namespace LamdAgent.Merging.Methods;

/// <summary>The last step of every geometric method: <c>y = sum c_m x_m</c>, rounded once to the arithmetic type.</summary>
internal static class LinearCombination
{
    /// <summary>With one factor an operand for the whole tensor.</summary>
    public static void Produce<T>(TensorMerge<T> tensor, IReadOnlyList<(int Operand, double Factor)> terms)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        tensor.Produce((block, result) =>
        {
            result.Clear();
            foreach (var (operand, factor) in terms)
            {
                TensorPrimitives.MultiplyAdd(block.Load(operand), T.CreateTruncating(factor), result, result);
            }

            tensor.Rounding.Apply(result);
        });

    /// <summary><c>y = b + sum c_m (x_m - b)</c>: differences first, so that large factors of tiny differences lose nothing.</summary>
    public static void ProduceFromBase<T>(TensorMerge<T> tensor, IReadOnlyList<(int Operand, double Factor)> terms)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        tensor.Produce((block, result) =>
        {
            var baseValues = block.Load(tensor.Base);
            result.Clear();
            foreach (var (operand, factor) in terms)
            {
                var delta = block.Load(operand);
                TensorPrimitives.Subtract(delta, baseValues, delta);
                TensorPrimitives.MultiplyAdd(delta, T.CreateTruncating(factor), result, result);
            }

            TensorPrimitives.Add(result, baseValues, result);
            tensor.Rounding.Apply(result);
        });

    /// <summary>With factors that differ from row to row.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="operands">The operands.</param>
    /// <param name="factors">For a row, one factor an operand.</param>
    public static void ProduceByRow<T>(TensorMerge<T> tensor, IReadOnlyList<int> operands, Func<long, double[]> factors)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        tensor.Produce(
            (block, result) =>
            {
                var columns = (int)tensor.Columns;
                var values = new Memory<T>[operands.Count];
                for (var i = 0; i < values.Length; i++)
                {
                    values[i] = block.LoadMemory(operands[i]);
                }

                result.Clear();
                for (var at = 0; at < result.Length; at += columns)
                {
                    var row = factors((block.Start + at) / columns);
                    for (var i = 0; i < values.Length; i++)
                    {
                        var part = result.Slice(at, columns);
                        TensorPrimitives.MultiplyAdd(values[i].Span.Slice(at, columns), T.CreateTruncating(row[i]), part, part);
                    }
                }

                tensor.Rounding.Apply(result);
            },
            wholeRows: true);
}
