using System.Numerics;
using System.Numerics.Tensors;
using LamdAgent.Checkpoints;
using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Numerics;
using LamdAgent.Merging.Planning;

namespace LamdAgent.Merging.Methods.TaskVectors;

/// <summary>
/// TIES as its paper has it (Yadav et al., arXiv 2306.01708, algorithm 1): trim each task vector as a whole, over all tensors together, to its
/// <c>density</c> of largest entries; elect signs by the sum of the trimmed vectors before any weight; average what agrees, weighted; times lambda.
/// A place where the trimmed entries sum to exactly 0 elects neither sign and keeps the base. mergekit's dialect trims each tensor by itself and weighs first.
/// </summary>
internal sealed class PaperTiesMerge : MergeMethod
{
    public override string Name => "ties_paper";

    public override string Summary => "TIES as in its paper: trims over the whole task vector, elects before weighting";

    public override string Reference => "Yadav et al., TIES-Merging, arXiv 2306.01708";

    public override BaseModelUse Base => BaseModelUse.Required;

    public override bool UsesTaskVectors => true;

    public override VocabularyRule Vocabulary => VocabularyRule.CutToBase;

    public override IReadOnlyList<MergeParameter> Parameters { get; } =
    [
        Number("weight", true, 1, 0, 1, [1.0], "share of the model in the mean"),
        Number("density", true, 0.2, 0, 1, [0.1, 0.2, 0.5], "share of the whole task vector that is kept"),
        Number("lambda", false, 1, 0, 2, [0.7, 1.0, 1.3], "factor of the merged task vector"),
    ];

    internal override (DType Arithmetic, DType Result) Types(IReadOnlyList<DType> operands, int baseOperand) => (operands[baseOperand], operands[baseOperand]);

    internal override void Prepare(MergeSession session)
    {
        var tensors = session.Tensors.Where(t => ReferenceEquals(t.Method, this) && t.Arithmetic.IsFloat()).ToList();
        foreach (var model in tensors.SelectMany(t => t.Operands.Where((_, m) => m != t.Base).Select(o => o.Model)).Distinct(StringComparer.Ordinal))
        {
            Trim(session, model, [.. tensors.Select(t => (t, t.Operands.ToList().FindIndex(o => o.Model == model))).Where(t => t.Item2 >= 0)]);
        }
    }

    internal override void Merge<T>(TensorMerge<T> tensor)
    {
        var others = tensor.Others;
        var rounding = tensor.Rounding;
        var masks = others.Select(m => tensor.State<DeltaMask<T>>(m)).ToArray();
        var weights = others.Select(m => T.CreateTruncating(rounding.Apply(tensor.Parameter(m, "weight")))).ToArray();
        var lambda = T.CreateTruncating(tensor.Parameter("lambda"));
        tensor.Produce((block, result) =>
        {
            var baseValues = block.Load(tensor.Base);
            var elected = block.Scratch();
            elected.Clear();
            var deltas = new Memory<T>[others.Length];
            for (var i = 0; i < others.Length; i++)
            {
                deltas[i] = block.LoadMemory(others[i]);
                TensorPrimitives.Subtract(deltas[i].Span, baseValues, deltas[i].Span);
                rounding.Apply(deltas[i].Span);
                masks[i]?.Invoke(block, deltas[i].Span);
                TensorPrimitives.Add(elected, deltas[i].Span, elected);
            }

            var divisor = block.Scratch();
            divisor.Clear();
            result.Clear();
            for (var i = 0; i < others.Length; i++)
            {
                AddAgreeing(elected, deltas[i].Span, weights[i], result, divisor);
            }

            rounding.Apply(result);
            rounding.Apply(divisor);
            SignElection.DivideByNonZero<T>(result, divisor);
            rounding.Apply(result);
            TensorPrimitives.Multiply(result, lambda, result);
            rounding.Apply(result);
            TensorPrimitives.Add(baseValues, result, result);
            rounding.Apply(result);
        });
    }

    private static void AddAgreeing<T>(ReadOnlySpan<T> elected, ReadOnlySpan<T> values, T weight, Span<T> sum, Span<T> divisor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (var i = 0; i < sum.Length; i++)
        {
            if (elected[i] > T.Zero ? values[i] > T.Zero : elected[i] < T.Zero && values[i] < T.Zero)
            {
                sum[i] += weight * values[i];
                divisor[i] += weight;
            }
        }
    }

    private void Trim(MergeSession session, string model, List<(TensorPlan Plan, int Operand)> parts)
    {
        if (parts.TrueForAll(p => p.Plan.Arithmetic == DType.F64))
        {
            Trim(session, model, parts, session.InDouble);
        }
        else if (parts.TrueForAll(p => p.Plan.Arithmetic != DType.F64))
        {
            Trim(session, model, parts, session.InSingle);
        }
        else
        {
            throw Error(parts[0].Plan, $"{model}: float64 and narrower tensors cannot be trimmed together; give a dtype");
        }
    }

    private void Trim<T>(MergeSession session, string model, List<(TensorPlan Plan, int Operand)> parts, Func<TensorPlan, OutputPipeline?, TensorMerge<T>> open)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var densities = parts.Select(p => p.Plan.Operands[p.Operand].Parameters["density"]).Distinct().ToList();
        if (densities.Count > 1)
        {
            throw Error(parts[0].Plan, $"{model}: the whole task vector is trimmed, so density is one number for all tensors");
        }

        var n = parts.Sum(p => p.Plan.Length);
        var keep = (long)(densities[0] * n);
        if (densities[0] >= 1)
        {
            return;
        }

        if (keep <= 0)
        {
            throw Error(parts[0].Plan, $"{model}: density {densities[0]} keeps none of the {n} elements; take a larger density");
        }

        var tensors = parts.ConvertAll(p => open(p.Plan, null));
        var keyed = tensors.Select((t, i) => (t, Keys: Sparsifier.Magnitudes(t, parts[i].Operand))).ToList();
        var cut = RankSelection.Find<T>(keyed, [n - keep], zeroLowBits: 0, wholeRows: false)[0];
        var placesLeft = keep - (n - cut.Less - cut.Equal);
        for (var i = 0; i < tensors.Count; i++)
        {
            var mask = RankMask<T>.FromCut(tensors[i], keyed[i].Keys, cut.Key, ref placesLeft);
            session.SetState(parts[i].Plan, parts[i].Operand, (DeltaMask<T>)((block, delta) => mask.ApplyToMagnitudes(block, delta)));
        }
    }
}
