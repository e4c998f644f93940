using System.Numerics;
using System.Numerics.Tensors;
using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Methods.SixteenBit;
using LamdAgent.Merging.Numerics;

namespace LamdAgent.Merging.Methods;

/// <summary>
/// Spherical interpolation of two models by weights, of their differences to a base when one is given (which is then added). The whole tensor is one
/// vector, or each row, or each column (<c>nuslerp_row_wise</c>, whose name says the opposite). No paper; mergekit's own.
/// </summary>
internal sealed class NuSlerpMerge : MergeMethod
{
    /// <summary>Shorter vectors count as this long.</summary>
    internal const double SmallestNorm = 1e-7;

    /// <summary>Vectors whose angle has a smaller sine lie on a line.</summary>
    internal const double SmallestSine = 1e-8;

    public override string Name => "nuslerp";

    public override string Summary => "spherical interpolation of two models, or of their task vectors, whole or by rows or columns";

    public override string Reference => "mergekit's nuslerp (Goddard et al., arXiv 2403.13257)";

    public override BaseModelUse Base => BaseModelUse.Optional;

    public override int MinModels => 2;

    public override int MaxModels => 2;

    internal override bool CopiesLoneModel => true;

    public override VocabularyRule Vocabulary => VocabularyRule.CutToSmallest;

    public override IReadOnlyList<MergeParameter> Parameters { get; } =
    [
        Number("weight", true, null, 0, 1, [0.3, 0.5, 0.7], "share of the model"),
        Flag("nuslerp_flatten", true, "the whole tensor is one vector"),
        Flag("nuslerp_row_wise", false, "without nuslerp_flatten: one vector a column instead of one a row"),
    ];

    internal override void Merge<T>(TensorMerge<T> tensor)
    {
        var others = tensor.Others;
        var (first, second) = (tensor.Parameter(others[0], "weight"), tensor.Parameter(others[1], "weight"));
        var t = Math.Abs(first + second) < 1e-6 ? 0.5 : second / (first + second);
        var relative = tensor.Base >= 0;
        var grouping = tensor.Flag("nuslerp_flatten") || tensor.Plan.Shape.Count < 2 ? VectorGrouping.Whole : tensor.Flag("nuslerp_row_wise") ? VectorGrouping.Columns : VectorGrouping.Rows;
        if (tensor is TensorMerge<float> { RoundsVectors: true } rounded)
        {
            RoundedNuSlerp.Merge(rounded, t, grouping);
            return;
        }

        int[] operands = relative ? [others[0], others[1], tensor.Base] : [others[0], others[1]];
        if (grouping == VectorGrouping.Whole)
        {
            var gram = GramMatrix.Compute(tensor, others, relative);
            var factors = Factors(gram[0, 0], gram[1, 1], gram[0, 1], t, relative);
            LinearCombination.Produce(tensor, [.. operands.Select((o, i) => (o, factors[i]))]);
        }
        else if (grouping == VectorGrouping.Columns)
        {
            ProduceByColumn(tensor, operands, GramMatrix.ComputeColumns(tensor, others, relative), t, relative);
        }
        else
        {
            var grams = GramMatrix.ComputeRows(tensor, others, relative);
            LinearCombination.ProduceByRow(tensor, operands, row => Factors(grams[(int)row * 3], grams[((int)row * 3) + 2], grams[((int)row * 3) + 1], t, relative));
        }
    }

    private static void ProduceByColumn<T>(TensorMerge<T> tensor, int[] operands, double[] grams, double t, bool relative)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var columns = (int)(tensor.Length / tensor.Plan.Shape[0]);
        var factors = operands.Select(_ => new T[columns]).ToArray();
        for (var c = 0; c < columns; c++)
        {
            var one = Factors(grams[c * 3], grams[(c * 3) + 2], grams[(c * 3) + 1], t, relative);
            for (var i = 0; i < operands.Length; i++)
            {
                factors[i][c] = T.CreateTruncating(one[i]);
            }
        }

        tensor.Produce((block, result) =>
        {
            result.Clear();
            for (var i = 0; i < operands.Length; i++)
            {
                var values = block.Load(operands[i]);
                for (var at = 0; at < result.Length;)
                {
                    // A block may begin and end within a row.
                    var column = (int)((block.Start + at) % columns);
                    var length = Math.Min(columns - column, result.Length - at);
                    var part = result.Slice(at, length);
                    TensorPrimitives.MultiplyAdd(values.Slice(at, length), factors[i].AsSpan(column, length), part, part);
                    at += length;
                }
            }

            tensor.Rounding.Apply(result);
        });
    }

    // Factors of the two models and, for differences, of the base.
    private static double[] Factors(double firstSquare, double secondSquare, double dot, double t, bool relative)
    {
        var (a, b) = (Math.Sqrt(Math.Max(0, firstSquare)), Math.Sqrt(Math.Max(0, secondSquare)));
        var angle = Math.Acos(Math.Clamp(dot / Math.Max(a, SmallestNorm) / Math.Max(b, SmallestNorm), -1, 1));
        var sine = Math.Sin(angle);
        var (x, y) = Math.Abs(sine) < SmallestSine ? (1 - t, t) : (Math.Sin((1 - t) * angle) / sine, Math.Sin(t * angle) / sine);
        return relative ? [x, y, 1 - x - y] : [x, y];
    }
}
