using System.Numerics.Tensors;

namespace LamdAgent.Merging.Sources;

/// <summary>A weight [out, in] plus scale * B A, computed row by row where it is read: row i gets sum_k scale B[i,k] A[k,:]. In float32, added once.</summary>
/// <param name="inner">The weight.</param>
/// <param name="a">[rank, in].</param>
/// <param name="b">[out, rank].</param>
/// <param name="rank">Rank of the adapter.</param>
/// <param name="inputs">Width of A.</param>
/// <param name="scale">Factor of the change.</param>
/// <param name="transposed">Whether the weight is stored [in, out], as GPT-2's are.</param>
internal sealed class LoraSource(TensorSource inner, float[] a, float[] b, int rank, int inputs, float scale, bool transposed)
    : TensorSource(inner.DType, inner.Shape)
{
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
            AddRow((int)row, column, part);
            for (var i = 0; i < length; i++)
            {
                destination[i] += T.CreateTruncating(part[i]);
            }

            destination = destination[length..];
            row++;
            column = 0;
        }
    }

    private void AddRow(int row, int column, Span<float> change)
    {
        for (var k = 0; k < rank; k++)
        {
            if (transposed)
            {
                // Row is an input, columns are outputs: B is read down a column.
                var factor = scale * a[(k * inputs) + row];
                for (var i = 0; i < change.Length; i++)
                {
                    change[i] += factor * b[((column + i) * rank) + k];
                }
            }
            else
            {
                TensorPrimitives.MultiplyAdd(a.AsSpan((k * inputs) + column, change.Length), scale * b[(row * rank) + k], change, change);
            }
        }
    }
}
