using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Methods.SixteenBit;
using LamdAgent.Merging.Numerics;
using LamdAgent.Merging.Planning;

namespace LamdAgent.Merging.Methods;

/// <summary>
/// Interpolates between the base and the mean of the fine-tunes by how much their task vectors agree: with q the mean cosine of their pairs,
/// <c>t = N q / (1 + (N-1) q)</c>, <c>y = t mean(x) + (1-t) b</c>. Jang et al., Model Stock, arXiv 2403.19522.
/// </summary>
internal sealed class ModelStockMerge : MergeMethod
{
    // The floor damps q where the changes are tiny, as in the reference: identical models give q = 0, the base.
    internal const double SmallestProduct = 1e-6;

    public override string Name => "model_stock";

    public override string Summary => "between the base and the mean of the models, by the angle of their task vectors";

    public override string Reference => "Jang et al., Model Stock, arXiv 2403.19522";

    public override BaseModelUse Base => BaseModelUse.Required;

    public override int MinModels => 2;

    public override bool UsesTaskVectors => true;

    public override VocabularyRule Vocabulary => VocabularyRule.CutToSmallest;

    public override IReadOnlyList<MergeParameter> Parameters { get; } = [Flag("filter_wise", false, "each row by itself")];

    internal override void Merge<T>(TensorMerge<T> tensor)
    {
        var others = tensor.Others;
        var n = others.Length;
        int[] operands = [.. others, tensor.Base];
        if (tensor is TensorMerge<float> { RoundsVectors: true } rounded)
        {
            if (!RoundedModelStock.Merge(rounded, tensor.Flag("filter_wise") && tensor.Plan.Shape.Count > 1 ? VectorGrouping.Rows : VectorGrouping.Whole))
            {
                throw Undefined(tensor.Plan);
            }

            return;
        }

        if (tensor.Flag("filter_wise") && tensor.Plan.Shape.Count > 1)
        {
            var pairs = n * (n + 1) / 2;
            var grams = GramMatrix.ComputeRows(tensor, others, relativeToBase: true);
            LinearCombination.ProduceByRow(tensor, operands, row => Factors(tensor.Plan, n, (i, j) => grams[(row * pairs) + (i * (i + 1) / 2) + j]));
        }
        else
        {
            var gram = GramMatrix.Compute(tensor, others, relativeToBase: true);
            var factors = Factors(tensor.Plan, n, (i, j) => gram[i, j]);
            LinearCombination.Produce(tensor, [.. operands.Select((o, i) => (o, factors[i]))]);
        }
    }

    private double[] Factors(TensorPlan plan, int n, Func<int, int, double> gram)
    {
        var cosines = new List<double>();
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < i; j++)
            {
                var product = Math.Sqrt(gram(i, i)) * Math.Sqrt(gram(j, j));
                cosines.Add(Math.Clamp(gram(i, j) / Math.Max(product, SmallestProduct), -1, 1));
            }
        }

        var q = cosines.Average();
        var t = n * q / (1 + ((n - 1) * q));
        return double.IsFinite(t)
            ? [.. Enumerable.Repeat(t / n, n), 1 - t]
            : throw Undefined(plan);
    }

    private Domain.InvalidInputException Undefined(TensorPlan plan) => Error(plan, "the task vectors point away from each other so that their weights are not defined");
}
