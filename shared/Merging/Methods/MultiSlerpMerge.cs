using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Methods.SixteenBit;
using LamdAgent.Merging.Numerics;
using LamdAgent.Merging.Planning;

namespace LamdAgent.Merging.Methods;

/// <summary>
/// Spherical interpolation of any number of models: their directions are averaged in the tangent space at the weighted mean direction and mapped back to
/// the sphere; the length is the weighted mean of lengths. Goddard, goddard.blog/posts/multislerp-wow-what-a-cool-idea. On differences to a base if one is
/// given. Everything happens in the span of the inputs, so only their inner products are needed.
/// </summary>
internal sealed class MultiSlerpMerge : MergeMethod
{
    public override string Name => "multislerp";

    public override string Summary => "spherical interpolation of any number of models or of their task vectors";

    public override string Reference => "Goddard, goddard.blog (no paper)";

    public override BaseModelUse Base => BaseModelUse.Optional;

    public override IReadOnlyList<MergeParameter> Parameters { get; } =
    [
        Number("weight", true, null, 0, 1, [0.3, 0.5, 0.7], "share of the model"),
        Flag("normalize_weights", true, "divide the weights by their sum"),
        Number("eps", false, 1e-8, 0, 1e-3, [], "what counts as a zero length"),
    ];

    internal override bool CopiesLoneModel => true;

    // One model beside the base comes out as it went in too, whatever its weight.
    internal override int CopiedOperand(TensorPlan plan) => plan.Operands.Count == 2 && plan.Base >= 0 ? 1 - plan.Base : -1;

    internal override void Merge<T>(TensorMerge<T> tensor)
    {
        var others = tensor.Others;
        if (others.Length == 1)
        {
            LinearCombination.Produce(tensor, [(others[0], 1)]);
            return;
        }

        if (tensor is TensorMerge<float> { Rounding.IsActive: true } rounded)
        {
            if (!new RoundedMultiSlerp(rounded, tensor.Flag("normalize_weights"), tensor.Parameter("eps")).Merge())
            {
                throw NoDirection(tensor.Plan);
            }

            return;
        }

        var relative = tensor.Base >= 0;
        var gram = GramMatrix.Compute(tensor, others, relative);
        var weights = others.Select(m => tensor.Parameter(m, "weight")).ToArray();
        if (tensor.Flag("normalize_weights"))
        {
            var sum = weights.Sum();
            weights = [.. weights.Select(w => w / sum)];
        }

        var factors = Factors(gram, weights, tensor.Parameter("eps"))
            ?? throw NoDirection(tensor.Plan);
        var terms = others.Select((m, i) => (m, factors[i])).ToList();
        if (relative)
        {
            LinearCombination.ProduceFromBase(tensor, terms);
        }
        else
        {
            LinearCombination.Produce(tensor, terms);
        }
    }

    private Domain.InvalidInputException NoDirection(TensorPlan plan) => Error(plan, "the weighted mean direction of the models is zero; change a weight or leave a model out");

    private static double[]? Factors(double[,] gram, double[] weights, double eps)
    {
        var n = weights.Length;
        var lengths = Enumerable.Range(0, n).Select(i => Math.Sqrt(gram[i, i])).ToArray();
        var mean = weights.Select((w, i) => w / (lengths[i] + eps)).ToArray();
        var norm = Norm(gram, mean);
        if (norm < eps)
        {
            return n == 2 ? weights : null;
        }

        mean = [.. mean.Select(m => m / norm)];
        var along = 0.0;
        for (var i = 0; i < n; i++)
        {
            along += weights[i] * Enumerable.Range(0, n).Sum(j => mean[j] * gram[i, j]) / (lengths[i] + eps);
        }

        var tangent = weights.Select((w, i) => (w / (lengths[i] + eps)) - (along * mean[i])).ToArray();
        var angle = Norm(gram, tangent) + eps;
        var length = weights.Select((w, i) => w * lengths[i]).Sum();
        return [.. mean.Select((m, i) => length * ((m * Math.Cos(angle)) + (tangent[i] * Math.Sin(angle) / angle)))];
    }

    private static double Norm(double[,] gram, double[] factors)
    {
        var sum = 0.0;
        for (var i = 0; i < factors.Length; i++)
        {
            for (var j = 0; j < factors.Length; j++)
            {
                sum += factors[i] * factors[j] * gram[i, j];
            }
        }

        return Math.Sqrt(Math.Max(0, sum));
    }
}
