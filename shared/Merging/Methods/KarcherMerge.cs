using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Methods.SixteenBit;
using LamdAgent.Merging.Numerics;
using LamdAgent.Merging.Planning;

namespace LamdAgent.Merging.Methods;

/// <summary>
/// The Karcher (Riemannian) mean of the models' directions on the sphere, found by repeatedly averaging in the tangent space, with the mean of their
/// lengths. All models count alike, a base too. arXiv 2603.04972 as cited by mergekit. The mean stays in the span of the inputs, so the iteration works on
/// their inner products alone.
/// </summary>
internal sealed class KarcherMerge : MergeMethod
{
    public override string Name => "karcher";

    public override string Summary => "mean of the models on the sphere (Karcher mean)";

    public override string Reference => "Karcher mean; arXiv 2603.04972";

    public override IReadOnlyList<MergeParameter> Parameters { get; } =
    [
        new("max_iter", MergeParameterKind.Count, false, 10, 1, 100, [], "iterations at most"),
        Number("tol", false, 1e-5, 0, 1e-2, [], "step at which the iteration ends, and what counts as zero"),
    ];

    internal override bool CopiesLoneModel => true;

    internal override void Merge<T>(TensorMerge<T> tensor)
    {
        if (tensor is TensorMerge<float> { Rounding.IsActive: true } rounded)
        {
            new RoundedKarcher(rounded, tensor.Parameter("tol")).Merge((int)tensor.Parameter("max_iter"));
            return;
        }

        var all = Enumerable.Range(0, tensor.Count).ToArray();
        var gram = GramMatrix.Compute(tensor, all, relativeToBase: false);
        var factors = Factors(gram, (int)tensor.Parameter("max_iter"), tensor.Parameter("tol"));
        LinearCombination.Produce(tensor, [.. all.Select(m => (m, factors[m]))]);
    }

    private static double[] Factors(double[,] gram, int iterations, double tolerance)
    {
        var n = gram.GetLength(0);
        var lengths = Enumerable.Range(0, n).Select(i => Math.Sqrt(gram[i, i])).ToArray();
        var valid = Enumerable.Range(0, n).Where(i => lengths[i] > tolerance).ToArray();
        if (valid.Length == 0)
        {
            return new double[n];
        }

        // u = sum factors[m] x_m, of length 1.
        var share = 1.0 / valid.Length;
        var u = new double[n];
        foreach (var m in valid)
        {
            u[m] = share / lengths[m];
        }

        var norm = Norm(u);
        if (norm < tolerance)
        {
            u = new double[n];
            u[valid[0]] = 1 / lengths[valid[0]];
        }
        else
        {
            Scale(u, 1 / norm);
        }

        for (var iteration = 0; iteration < iterations; iteration++)
        {
            var tangent = new double[n];
            foreach (var m in valid)
            {
                var cosine = Math.Clamp(Enumerable.Range(0, n).Sum(j => u[j] * gram[j, m]) / lengths[m], -1, 1);
                var angle = Math.Acos(cosine);
                if (angle < tolerance)
                {
                    continue;
                }

                var factor = share * angle / Math.Sin(angle);
                tangent[m] += factor / lengths[m];
                for (var j = 0; j < n; j++)
                {
                    tangent[j] -= factor * cosine * u[j];
                }
            }

            var step = Norm(tangent);
            if (step < tolerance)
            {
                break;
            }

            for (var j = 0; j < n; j++)
            {
                u[j] = (Math.Cos(step) * u[j]) + (Math.Sin(step) * tangent[j] / step);
            }

            norm = Norm(u);
            if (norm > tolerance)
            {
                Scale(u, 1 / norm);
            }
        }

        Scale(u, lengths.Sum() / n);
        return u;

        double Norm(double[] factors)
        {
            var sum = 0.0;
            for (var i = 0; i < n; i++)
            {
                for (var j = 0; j < n; j++)
                {
                    sum += factors[i] * factors[j] * gram[i, j];
                }
            }

            return Math.Sqrt(Math.Max(0, sum));
        }

        static void Scale(double[] factors, double by)
        {
            for (var i = 0; i < factors.Length; i++)
            {
                factors[i] *= by;
            }
        }
    }
}
