using System.Numerics;
using System.Numerics.Tensors;
using LamdAgent.Domain;
using LamdAgent.Merging.Engine;

namespace LamdAgent.Merging.Methods;

/// <summary>
/// Weighted mean or sum of models: <c>y = sum w_m x_m</c>, divided by <c>sum w_m</c> with <c>normalize</c>. Wortsman et al., Model soups, arXiv 2203.05482.
/// The sum over the models is taken in full precision and rounded once, as the reference's reduction does.
/// </summary>
internal sealed class LinearMerge : MergeMethod
{
    public override string Name => "linear";

    public override string Summary => "weighted mean of the models (model soup)";

    public override string Reference => "Wortsman et al., Model soups, arXiv 2203.05482";

    public override VocabularyRule Vocabulary => VocabularyRule.CutToSmallest;

    public override IReadOnlyList<MergeParameter> Parameters { get; } =
    [
        Number("weight", true, null, 0, 1, [0.1, 0.3, 0.5, 0.7, 0.9], "share of the model"),
        Flag("normalize", true, "divide by the sum of the weights"),
    ];

    internal override void Check(Planning.TensorPlan plan)
    {
        // The reference goes on and writes a model of infinities.
        if (plan.Parameters["normalize"] != 0 && Math.Abs(plan.Operands.Sum(o => o.Parameters["weight"])) < 1e-8)
        {
            throw Error(plan, "the weights sum up to 0, so they cannot be normalized; change a weight or set normalize: false");
        }
    }

    internal override void Merge<T>(TensorMerge<T> tensor)
    {
        var rounding = tensor.Rounding;
        var weights = Enumerable.Range(0, tensor.Count).Select(m => rounding.Apply(tensor.Parameter(m, "weight"))).ToArray();
        var total = rounding.Apply(weights.Sum());
        tensor.Produce((block, result) =>
        {
            for (var m = 0; m < weights.Length; m++)
            {
                var values = block.Load(m);
                TensorPrimitives.Multiply(values, T.CreateTruncating(weights[m]), values);
                rounding.Apply(values);
                if (m == 0)
                {
                    values.CopyTo(result);
                }
                else
                {
                    TensorPrimitives.Add(result, values, result);
                }
            }

            rounding.Apply(result);
            if (tensor.Flag("normalize"))
            {
                TensorPrimitives.Divide(result, T.CreateTruncating(total), result);
                rounding.Apply(result);
            }
        });
    }
}
