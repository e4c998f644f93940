using System.Numerics;
using System.Numerics.Tensors;
using LamdAgent.Checkpoints;
using LamdAgent.Merging.Numerics;
using LamdAgent.Merging.Sources;

namespace LamdAgent.Merging.Vocabularies;

/// <summary>An embedding rebuilt row by row for another vocabulary; rows beyond it are the mean of all rebuilt ones.</summary>
/// <param name="own">The model's own version.</param>
/// <param name="rows">What each row is made of.</param>
/// <param name="paddedRows">Number of rows with the padding.</param>
/// <param name="type">Type in which means are taken.</param>
internal sealed class TokenRowsSource(TensorSource own, TokenRow[] rows, int paddedRows, DType type)
    : TensorSource(own.DType, [paddedRows, .. own.Shape.Skip(1)])
{
    private readonly int _width = (int)own.Shape.Skip(1).Aggregate(1L, (product, size) => product * size);
    private readonly Lock _lock = new();
    private double[]? _mean;

    /// <inheritdoc />
    public override void Read<T>(long start, Span<T> destination)
    {
        var row = (int)(start / _width);
        var column = (int)(start % _width);
        while (!destination.IsEmpty)
        {
            var length = Math.Min(_width - column, destination.Length);
            ReadRow(row, column, destination[..length]);
            destination = destination[length..];
            row++;
            column = 0;
        }
    }

    private void ReadRow<T>(int row, int column, Span<T> values)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (row >= rows.Length)
        {
            TensorPrimitives.ConvertTruncating(Mean().AsSpan(column, values.Length), values);
            new Rounding(type).Apply(values);
            return;
        }

        var parts = rows[row].Parts;
        if (parts.Count == 1)
        {
            parts[0].Tensor.Read((parts[0].Row * (long)_width) + column, values);
            return;
        }

        values.Clear();
        var one = new T[values.Length];
        foreach (var (tensor, at) in parts)
        {
            tensor.Read<T>((at * (long)_width) + column, one);
            TensorPrimitives.Add(values, one, values);
            new Rounding(type).Apply(values);
        }

        if (parts.Count > 0)
        {
            TensorPrimitives.Divide(values, T.CreateTruncating(parts.Count), values);
            new Rounding(type).Apply(values);
        }
    }

    private double[] Mean()
    {
        lock (_lock)
        {
            if (_mean is null)
            {
                var sum = new double[_width];
                var one = new double[_width];
                for (var row = 0; row < rows.Length; row++)
                {
                    ReadRow<double>(row, 0, one);
                    TensorPrimitives.Add(sum, one, sum);
                }

                TensorPrimitives.Divide(sum, rows.Length, sum);
                _mean = sum;
            }

            return _mean;
        }
    }
}
