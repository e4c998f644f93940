using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Numerics;

namespace LamdAgent.Merging.Methods.SixteenBit;

/// <summary>
/// <see cref="KarcherMerge"/> in 16-bit arithmetic. The mean is itself a rounded vector that each iteration moves; instead of keeping it, whose size is the tensor's, every pass
/// computes it again from the start with the numbers of the iterations so far.
/// </summary>
internal sealed class RoundedKarcher
{
    private readonly TensorMerge<float> _tensor;
    private readonly Rounding _r;
    private readonly double _tolerance;
    private readonly double[] _norms;
    private readonly int[] _valid;
    private readonly List<Step> _steps = [];
    private double? _startLength;

    public RoundedKarcher(TensorMerge<float> tensor, double tolerance)
    {
        _tensor = tensor;
        _r = tensor.Rounding;
        _tolerance = tolerance;
        _norms = [.. Enumerable.Range(0, tensor.Count).Select(m => Length(block => block.Load(m)))];
        _valid = [.. Enumerable.Range(0, tensor.Count).Where(m => _norms[m] > tolerance)];
    }

    public void Merge(int iterations)
    {
        if (_valid.Length == 0)
        {
            _tensor.Produce((_, result) => result.Clear());
            return;
        }

        _startLength = Length(block => Start(block, null));
        for (var i = 0; i < iterations && Advance(); i++)
        {
        }

        // All models count for the length, vanishing ones too.
        var length = (float)(_norms.Sum() / _norms.Length);
        _tensor.Produce((block, result) => _r.Multiply(Mean(block), length, result));
    }

    // One iteration; false when it would not move any more.
    private bool Advance()
    {
        var pulls = new List<(int Model, float Cosine, float Factor)>();
        var share = (float)(1.0 / _valid.Length);
        foreach (var m in _valid)
        {
            // A dot product is one reduction: its products are not rounded.
            var cosine = (float)Math.Clamp(_r.Apply(VectorGroups.Sum(_tensor, VectorGrouping.Whole, block =>
            {
                var mean = Mean(block);
                System.Numerics.Tensors.TensorPrimitives.Multiply(mean, Unit(block, m), mean);
                return mean;
            })[0]), -1, 1);
            var angle = (float)_r.Apply(Math.Acos(cosine));
            if (angle >= _tolerance)
            {
                var ratio = (float)_r.Apply(angle / (float)_r.Apply(MathF.Sin(angle)));
                pulls.Add((m, cosine, (float)_r.Apply(share * ratio)));
            }
        }

        var length = Length(block => Tangent(block, Mean(block), pulls));
        if (length < _tolerance)
        {
            return false;
        }

        var step = new Step(pulls, (float)length, (float)_r.Apply(MathF.Cos((float)length)), (float)_r.Apply(MathF.Sin((float)length)), null);
        var norm = Length(block => Move(block, Mean(block), step));
        _steps.Add(step with { Norm = norm > _tolerance ? (float)norm : null });
        return true;
    }

    private Span<float> Mean(Block<float> block)
    {
        var mean = Start(block, _startLength);
        foreach (var step in _steps)
        {
            mean = Move(block, mean, step);
        }

        return mean;
    }

    private Span<float> Start(Block<float> block, double? length)
    {
        if (length < _tolerance)
        {
            return Unit(block, _valid[0]);
        }

        var share = (float)(1.0 / _valid.Length);
        var sum = block.Scratch();
        sum.Clear();
        foreach (var m in _valid)
        {
            var unit = Unit(block, m);
            _r.Multiply(unit, share, unit);
            _r.Add(sum, unit, sum);
        }

        if (length is { } known)
        {
            _r.Divide(sum, (float)known, sum);
        }

        return sum;
    }

    private Span<float> Unit(Block<float> block, int model)
    {
        var values = block.Load(model);
        _r.Divide(values, (float)_norms[model], values);
        return values;
    }

    private Span<float> Tangent(Block<float> block, ReadOnlySpan<float> mean, IReadOnlyList<(int Model, float Cosine, float Factor)> pulls)
    {
        var sum = block.Scratch();
        sum.Clear();
        foreach (var (model, cosine, factor) in pulls)
        {
            var unit = Unit(block, model);
            var along = block.Scratch();
            _r.Multiply(mean, cosine, along);
            _r.Subtract(unit, along, unit);
            _r.Multiply(unit, factor, unit);
            _r.Add(sum, unit, sum);
        }

        return sum;
    }

    private Span<float> Move(Block<float> block, Span<float> mean, Step step)
    {
        var tangent = Tangent(block, mean, step.Pulls);
        _r.Divide(tangent, step.Length, tangent);
        _r.Multiply(tangent, step.Sine, tangent);
        _r.Multiply(mean, step.Cosine, mean);
        _r.Add(mean, tangent, mean);
        if (step.Norm is { } norm)
        {
            _r.Divide(mean, norm, mean);
        }

        return mean;
    }

    // Lengths are float32 here, whatever the arithmetic.
    private float Length(BlockTerms<float> vector) => (float)Math.Sqrt(RoundedVectors.SquareSums(_tensor, VectorGrouping.Whole, vector)[0]);

    private sealed record Step(IReadOnlyList<(int Model, float Cosine, float Factor)> Pulls, float Length, float Cosine, float Sine, float? Norm);
}
