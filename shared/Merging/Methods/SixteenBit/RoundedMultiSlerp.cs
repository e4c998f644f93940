using System.Numerics.Tensors;
using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Numerics;

namespace LamdAgent.Merging.Methods.SixteenBit;

/// <summary><see cref="MultiSlerpMerge"/> in 16-bit arithmetic.</summary>
internal sealed class RoundedMultiSlerp
{
    private readonly TensorMerge<float> _tensor;
    private readonly Rounding _r;
    private readonly float _eps;
    private readonly float[] _weights;
    private readonly float[] _norms;
    private readonly float[] _divisors;
    private float _meanLength;
    private float[] _alongs = [];

    public RoundedMultiSlerp(TensorMerge<float> tensor, bool normalize, double eps)
    {
        _tensor = tensor;
        _r = tensor.Rounding;
        _eps = (float)eps;
        _weights = [.. tensor.Others.Select(m => (float)_r.Apply(tensor.Parameter(m, "weight")))];
        if (normalize)
        {
            var sum = (float)_r.Apply(_weights.Sum(w => (double)w));
            _weights = [.. _weights.Select(w => (float)_r.Apply(w / sum))];
        }

        _norms = [.. tensor.Others.Select((_, i) => Norm(block => Vector(block, i)))];
        _divisors = [.. _norms.Select(n => (float)_r.Apply(n + _eps))];
    }

    /// <summary>Merges.</summary>
    /// <returns>False when the mean direction of more than two models is zero: there is no result.</returns>
    public bool Merge()
    {
        _meanLength = Norm(block => WeightedSum(block, Unit));
        if (_meanLength < _eps)
        {
            return _weights.Length == 2 && Produce((block, result) => WeightedSum(block, Vector).CopyTo(result));
        }

        _alongs = [.. _weights.Select((_, i) => RoundedVectors.Sums(_tensor, VectorGrouping.Whole, block =>
        {
            var mean = Mean(block);
            _r.Multiply(Unit(block, i), mean, mean);
            return mean;
        }, _r)[0])];
        var angle = (float)_r.Apply(Norm(block => Tangent(block)) + _eps);
        var (cosine, sine) = ((float)_r.Apply(MathF.Cos(angle)), (float)_r.Apply(_r.Apply(MathF.Sin(angle)) / angle));
        var length = (float)_r.Apply(_norms.Select((n, i) => _r.Apply(n * _weights[i])).Sum());
        return Produce((block, result) =>
        {
            var tangent = Tangent(block);
            var mean = Mean(block);
            _r.Multiply(mean, cosine, mean);
            _r.Multiply(tangent, sine, tangent);
            _r.Add(mean, tangent, result);
            _r.Multiply(result, length, result);
        });
    }

    private bool Produce(Producer<float> fill)
    {
        _tensor.Produce((block, result) =>
        {
            fill(block, result);
            if (_tensor.Base >= 0)
            {
                _r.Add(result, block.Load(_tensor.Base), result);
            }
        });
        return true;
    }

    private float Norm(BlockTerms<float> vector) => RoundedVectors.Norms(_tensor, VectorGrouping.Whole, vector, _r)[0];

    private Span<float> Vector(Block<float> block, int index) => RoundedVectors.Load(block, _tensor, _tensor.Others[index], _tensor.Base >= 0);

    private Span<float> Unit(Block<float> block, int index)
    {
        var values = Vector(block, index);
        _r.Divide(values, _divisors[index], values);
        return values;
    }

    private Span<float> Mean(Block<float> block)
    {
        var mean = WeightedSum(block, Unit);
        _r.Divide(mean, _meanLength, mean);
        return mean;
    }

    private Span<float> Tangent(Block<float> block)
    {
        var mean = Mean(block);
        var sum = block.Scratch();
        sum.Clear();
        for (var i = 0; i < _weights.Length; i++)
        {
            var unit = Unit(block, i);
            var along = block.Scratch();
            _r.Multiply(mean, _alongs[i], along);
            _r.Subtract(unit, along, unit);
            _r.Multiply(unit, _weights[i], unit);
            TensorPrimitives.Add(sum, unit, sum);
        }

        _r.Apply(sum);
        return sum;
    }

    // A sum over the models is a reduction: rounded products, one rounding of their sum.
    private Span<float> WeightedSum(Block<float> block, BlockVector vector)
    {
        var sum = block.Scratch();
        sum.Clear();
        for (var i = 0; i < _weights.Length; i++)
        {
            var values = vector(block, i);
            _r.Multiply(values, _weights[i], values);
            TensorPrimitives.Add(sum, values, sum);
        }

        _r.Apply(sum);
        return sum;
    }

    private delegate Span<float> BlockVector(Block<float> block, int index);
}
