using System.Numerics;
using System.Runtime.InteropServices;
using LamdAgent.Domain.Recipes;
using LamdAgent.Modeling.Architectures;
using TorchSharp;
using static TorchSharp.torch;

namespace LamdAgent.Modeling.Optimization;

/// <summary>
/// AdamW (arXiv 1711.05101) over one flat parameter buffer, in PyTorch's order of operations. On the CPU one pass reads gradient, moments and weights and writes
/// moments and weights; clipping is a factor on the gradient in the same pass. Weight decay leaves out norms and biases, as transformers does.
/// </summary>
public sealed class AdamW : IDisposable
{
    private readonly FlatParameters _parameters;
    private readonly OptimizationSettings _settings;
    private readonly (long Start, long End)[] _decayed;

    /// <summary>An optimizer with zero moments.</summary>
    /// <param name="parameters">What is trained.</param>
    /// <param name="settings">Betas, epsilon, weight decay.</param>
    public AdamW(FlatParameters parameters, OptimizationSettings settings)
    {
        _parameters = parameters;
        _settings = settings;
        FirstMoment = zeros_like(parameters.Master).requires_grad_(false).DetachFromDisposeScope();
        SecondMoment = zeros_like(parameters.Master).requires_grad_(false).DetachFromDisposeScope();
        _decayed = settings.WeightDecay == 0 ? [] : DecayedRanges(parameters.Layout);
    }

    /// <summary>Running mean of the gradients, as long as the parameters.</summary>
    public Tensor FirstMoment { get; }

    /// <summary>Running mean of their squares.</summary>
    public Tensor SecondMoment { get; }

    /// <summary>Steps taken; decides the bias corrections. Set when resuming.</summary>
    public int StepsTaken { get; set; }

    /// <summary>One update from the parameters' gradient, which is forgotten afterwards.</summary>
    /// <param name="learningRate">Rate of this step.</param>
    /// <param name="gradientFactor">Multiplies the gradient (clipping).</param>
    public void Step(double learningRate, double gradientFactor)
    {
        StepsTaken++;
        using var gradient = _parameters.Gradient ?? throw new InvalidOperationException("there is no gradient");
        if (_parameters.Master.device_type == DeviceType.CPU)
        {
            Fused(gradient, learningRate, gradientFactor);
        }
        else
        {
            InPlace(gradient, learningRate, gradientFactor);
        }

        _parameters.ClearGradient();
        _parameters.Changed();
    }

    /// <inheritdoc />
    public void Dispose()
    {
        FirstMoment.Dispose();
        SecondMoment.Dispose();
    }

    private void Fused(Tensor gradient, double learningRate, double gradientFactor)
    {
        var length = _parameters.Master.numel();
        using var weights = _parameters.Master.detach();
        var (p, g, m, v) = (FlatVectors.Address(weights), FlatVectors.Address(gradient), FlatVectors.Address(FirstMoment), FlatVectors.Address(SecondMoment));
        var numbers = new Numbers(_settings, StepsTaken, learningRate, gradientFactor);
        Parallel.For(0, FlatVectors.BlockCount(length), FlatVectors.ParallelOptions(), b =>
        {
            var block = FlatVectors.Block(p, length, b);
            Decay(block, (long)b * FlatVectors.BlockElements, (float)(1 - (learningRate * _settings.WeightDecay)));
            Update(block, FlatVectors.Block(g, length, b), FlatVectors.Block(m, length, b), FlatVectors.Block(v, length, b), numbers);
        });
    }

    private void Decay(Span<float> block, long start, float keep)
    {
        foreach (var (from, to) in _decayed)
        {
            var first = Math.Max(from, start);
            var last = Math.Min(to, start + block.Length);
            for (var i = first; i < last; i++)
            {
                block[(int)(i - start)] *= keep;
            }
        }
    }

    private static void Update(Span<float> p, Span<float> g, Span<float> m, Span<float> v, in Numbers n)
    {
        var width = Vector<float>.Count;
        var pv = MemoryMarshal.Cast<float, Vector<float>>(p);
        var gv = MemoryMarshal.Cast<float, Vector<float>>(g);
        var mv = MemoryMarshal.Cast<float, Vector<float>>(m);
        var vv = MemoryMarshal.Cast<float, Vector<float>>(v);
        var (factor, oneMinusBeta1, beta2, oneMinusBeta2) = (new Vector<float>(n.Factor), new Vector<float>(n.OneMinusBeta1), new Vector<float>(n.Beta2), new Vector<float>(n.OneMinusBeta2));
        var (rootCorrection, epsilon, stepSize) = (new Vector<float>(n.RootCorrection2), new Vector<float>(n.Epsilon), new Vector<float>(n.StepSize));
        for (var i = 0; i < pv.Length; i++)
        {
            var grad = gv[i] * factor;
            var first = mv[i] + ((grad - mv[i]) * oneMinusBeta1);
            var second = (vv[i] * beta2) + (grad * grad * oneMinusBeta2);
            mv[i] = first;
            vv[i] = second;
            pv[i] -= stepSize * (first / ((Vector.SquareRoot(second) / rootCorrection) + epsilon));
        }

        for (var i = pv.Length * width; i < p.Length; i++)
        {
            var grad = g[i] * n.Factor;
            m[i] += (grad - m[i]) * n.OneMinusBeta1;
            v[i] = (v[i] * n.Beta2) + (grad * grad * n.OneMinusBeta2);
            p[i] -= n.StepSize * (m[i] / ((MathF.Sqrt(v[i]) / n.RootCorrection2) + n.Epsilon));
        }
    }

    // On other devices: the same formula as a handful of whole-buffer operations.
    private void InPlace(Tensor gradient, double learningRate, double gradientFactor)
    {
        using var none = no_grad();
        using var scope = NewDisposeScope();
        var weights = _parameters.Master.detach();
        gradient.mul_(gradientFactor);
        foreach (var (from, to) in _decayed)
        {
            weights.narrow(0, from, to - from).mul_(1 - (learningRate * _settings.WeightDecay));
        }

        FirstMoment.lerp_(gradient, 1 - _settings.AdamBeta1);
        SecondMoment.mul_(_settings.AdamBeta2).addcmul_(gradient, gradient, 1 - _settings.AdamBeta2);
        var correction1 = 1 - Math.Pow(_settings.AdamBeta1, StepsTaken);
        var correction2 = 1 - Math.Pow(_settings.AdamBeta2, StepsTaken);
        var denominator = SecondMoment.sqrt().div_(Math.Sqrt(correction2)).add_(_settings.AdamEpsilon);
        weights.addcdiv_(FirstMoment, denominator, -learningRate / correction1);
    }

    // Neighbours become one range. transformers decays everything but biases and norms, so DoRA's magnitudes too, though they are vectors.
    private static (long, long)[] DecayedRanges(ParameterLayout layout)
    {
        var ranges = new List<(long Start, long End)>();
        foreach (var piece in layout.Pieces.Where(p => p.Shape.Count >= 2 || p.Kind == ParameterKind.Magnitude).OrderBy(p => p.Offset))
        {
            if (ranges.Count > 0 && ranges[^1].End == piece.Offset)
            {
                ranges[^1] = (ranges[^1].Start, piece.Offset + piece.Length);
            }
            else
            {
                ranges.Add((piece.Offset, piece.Offset + piece.Length));
            }
        }

        return [.. ranges];
    }

    private readonly struct Numbers(OptimizationSettings s, int step, double learningRate, double factor)
    {
        public readonly float Factor = (float)factor;
        public readonly float OneMinusBeta1 = (float)(1 - s.AdamBeta1);
        public readonly float Beta2 = (float)s.AdamBeta2;
        public readonly float OneMinusBeta2 = (float)(1 - s.AdamBeta2);
        public readonly float RootCorrection2 = (float)Math.Sqrt(1 - Math.Pow(s.AdamBeta2, step));
        public readonly float Epsilon = (float)s.AdamEpsilon;
        public readonly float StepSize = (float)(learningRate / (1 - Math.Pow(s.AdamBeta1, step)));
    }
}
