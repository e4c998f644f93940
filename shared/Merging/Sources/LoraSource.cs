using System.Numerics.Tensors;

namespace LamdAgent.Merging.Sources;

/// <summary>
/// A weight [out, in] plus s B A, computed row by row where it is read: row i gets sum_k s B[i,k] A[k,:]. In float32, added once. With DoRA (Liu et al., arXiv 2402.09353)
/// row i of that sum is then scaled to the length m_i.
/// </summary>
/// <param name="inner">The weight.</param>
/// <param name="lora">The change.</param>
internal sealed class LoraSource(TensorSource inner, LoraMatrices lora)
    : TensorSource(inner.DType, inner.Shape)
{
    private readonly Lazy<float[]?> _rowFactors = new(() => lora.Magnitudes is null ? null : RowFactors(inner, lora));

    /// <inheritdoc />
    public override void Read<T>(long start, Span<T> destination)
    {
        inner.Read(start, destination);
        var row = start / Columns;
        var column = (int)(start % Columns);
        var change = new float[(int)Math.Min(Columns, destination.Length)];
        while (!destination.IsEmpty)
        {
            var length = (int)Math.Min(Columns - column, destination.Length);
            var part = change.AsSpan(0, length);
            part.Clear();
            AddRow(lora, (int)row, column, part);
            for (var i = 0; i < length; i++)
            {
                destination[i] += T.CreateTruncating(part[i]);
            }

            if (_rowFactors.Value is { } factors)
            {
                TensorPrimitives.Multiply(destination[..length], T.CreateTruncating(factors[row]), destination[..length]);
            }

            destination = destination[length..];
            row++;
            column = 0;
        }
    }

    // m_i / ||W_i + s B_i A||: needs the whole row, so the weight is read once more, when its first block is.
    private static float[] RowFactors(TensorSource inner, LoraMatrices lora)
    {
        var factors = new float[lora.Outputs];
        Parallel.For(
            0,
            lora.Outputs,
            () => (Row: new float[lora.Inputs], Change: new float[lora.Inputs]),
            (row, _, space) =>
            {
                inner.Read((long)row * lora.Inputs, space.Row.AsSpan());
                Array.Clear(space.Change);
                AddRow(lora, row, 0, space.Change);
                TensorPrimitives.Add(space.Row, space.Change, space.Row);
                factors[row] = lora.Magnitudes![row] / MathF.Sqrt(TensorPrimitives.SumOfSquares<float>(space.Row));
                return space;
            },
            _ => { });
        return factors;
    }

    private static void AddRow(LoraMatrices lora, int row, int column, Span<float> change)
    {
        var (a, b, rank) = (lora.A, lora.B, lora.Rank);
        for (var k = 0; k < rank; k++)
        {
            if (lora.Transposed)
            {
                // Row is an input, columns are outputs: B is read down a column.
                var factor = lora.Scale * a[(k * lora.Inputs) + row];
                for (var i = 0; i < change.Length; i++)
                {
                    change[i] += factor * b[((column + i) * rank) + k];
                }
            }
            else
            {
                TensorPrimitives.MultiplyAdd(a.AsSpan((k * lora.Inputs) + column, change.Length), lora.Scale * b[(row * rank) + k], change, change);
            }
        }
    }
}
