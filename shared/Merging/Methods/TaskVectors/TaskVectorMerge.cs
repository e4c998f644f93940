using System.Numerics;
using System.Numerics.Tensors;
using LamdAgent.Checkpoints;
using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Numerics;
using LamdAgent.Merging.Planning;

namespace LamdAgent.Merging.Methods.TaskVectors;

/// <summary>
/// The methods that add task vectors to a base (task arithmetic, TIES, breadcrumbs, DARE, DELLA) are one procedure with two switches, in mergekit's order:
/// <c>d_m = x_m - b</c>; thin out, rescale; <c>v_m = w_m d_m</c>; with election the sign of <c>sum v_m</c> (0 counts as +) wins and only agreeing entries
/// are summed; divide by the (agreeing) weights; times lambda; add to the base.
/// </summary>
internal sealed class TaskVectorMerge : MergeMethod
{
    private const double LargestHalf = 65504;
    private readonly bool _election;
    private readonly Sparsifier? _sparsifier;

    public TaskVectorMerge(string name, string summary, string reference, Sparsifier? sparsifier, bool election, bool normalize, bool rescale)
    {
        Name = name;
        Summary = summary;
        Reference = reference;
        _sparsifier = sparsifier;
        _election = election;
        var parameters = new List<MergeParameter> { Number("weight", true, null, -1, 2, [0.3, 0.5, 0.7, 1.0], "factor of the model's task vector") };
        if (sparsifier is not null)
        {
            parameters.Add(Number("density", true, 1, 0, 1, [0.2, 0.5, 0.8], "share of the task vector that is kept"));
            parameters.AddRange(sparsifier.Parameters);
            parameters.Add(Flag("rescale", rescale, "bring each thinned task vector back to its L1 norm"));
        }

        parameters.Add(Flag("normalize", normalize, "divide by the sum of the weights"));
        parameters.Add(Number("lambda", false, 1, 0, 2, [0.7, 1.0, 1.3], "factor of the merged task vector"));
        Parameters = parameters;
    }

    public override string Name { get; }

    public override string Summary { get; }

    public override string Reference { get; }

    public override IReadOnlyList<MergeParameter> Parameters { get; }

    public override BaseModelUse Base => BaseModelUse.Required;

    public override bool IsRandom => _sparsifier?.IsRandom ?? false;

    public override bool UsesTaskVectors => true;

    public override VocabularyRule Vocabulary => VocabularyRule.CutToBase;

    internal override (DType Arithmetic, DType Result) Types(IReadOnlyList<DType> operands, int baseOperand) => (operands[baseOperand], operands[baseOperand]);

    internal override void Check(TensorPlan plan)
    {
        for (var m = 0; m < plan.Operands.Count; m++)
        {
            if (m != plan.Base && _sparsifier?.FindProblem(plan, plan.Operands[m].Parameters) is { } problem)
            {
                throw Error(plan, $"{plan.Operands[m].Model}: {problem}");
            }
        }
    }

    internal override string? FindSurprise(TensorPlan plan) =>
        plan.Operands.Where((_, m) => m != plan.Base).Select(o => _sparsifier?.FindSurprise(plan, o.Parameters)).FirstOrDefault(s => s is not null);

    internal override void Merge<T>(TensorMerge<T> tensor)
    {
        var others = tensor.Others;
        var wholeRows = _sparsifier?.WholeRows ?? false;
        var rounding = tensor.Rounding;
        var masks = Masks(tensor, others);
        var scales = others.Select((m, i) => masks[i] is { } mask && tensor.Flag("rescale") ? Rescale(tensor, m, mask, wholeRows) : 1.0).ToArray();
        var weights = others.Select(m => T.CreateTruncating(rounding.Apply(tensor.Parameter(m, "weight")))).ToArray();
        var sum = rounding.Apply(others.Sum(m => rounding.Apply(tensor.Parameter(m, "weight"))));
        var total = T.CreateTruncating(Math.Abs(sum) < 1e-8 ? 1 : sum);
        var lambda = T.CreateTruncating(tensor.Parameter("lambda"));
        var normalize = tensor.Flag("normalize");
        tensor.Produce(
            (block, result) =>
            {
                var baseValues = block.Load(tensor.Base);
                if (_election)
                {
                    SumAgreeing(block, baseValues, result);
                }
                else
                {
                    Sum(block, baseValues, result);
                }

                if (lambda != T.One)
                {
                    TensorPrimitives.Multiply(result, lambda, result);
                    rounding.Apply(result);
                }

                TensorPrimitives.Add(baseValues, result, result);
                rounding.Apply(result);
            },
            wholeRows);

        // v_m of this block, in its own scratch space.
        Memory<T> Weighted(Block<T> block, ReadOnlySpan<T> baseValues, int i)
        {
            var memory = block.LoadMemory(others[i]);
            var delta = memory.Span;
            TensorPrimitives.Subtract(delta, baseValues, delta);
            rounding.Apply(delta);
            masks[i]?.Invoke(block, delta);
            if (scales[i] != 1)
            {
                TensorPrimitives.Multiply(delta, T.CreateTruncating(scales[i]), delta);
                rounding.Apply(delta);
            }

            TensorPrimitives.Multiply(delta, weights[i], delta);
            rounding.Apply(delta);
            return memory;
        }

        void Sum(Block<T> block, ReadOnlySpan<T> baseValues, Span<T> result)
        {
            result.Clear();
            for (var i = 0; i < others.Length; i++)
            {
                TensorPrimitives.Add(result, Weighted(block, baseValues, i).Span, result);
            }

            rounding.Apply(result);
            if (normalize)
            {
                TensorPrimitives.Divide(result, total, result);
                rounding.Apply(result);
            }
        }

        void SumAgreeing(Block<T> block, ReadOnlySpan<T> baseValues, Span<T> result)
        {
            var vectors = new Memory<T>[others.Length];
            var elected = block.Scratch();
            elected.Clear();
            for (var i = 0; i < others.Length; i++)
            {
                vectors[i] = Weighted(block, baseValues, i);
                TensorPrimitives.Add(elected, vectors[i].Span, elected);
            }

            var divisor = block.Scratch();
            result.Clear();
            divisor.Clear();
            for (var i = 0; i < others.Length; i++)
            {
                SignElection.AddAgreeing<T>(elected, vectors[i].Span, weights[i], result, divisor);
            }

            rounding.Apply(result);
            if (normalize)
            {
                rounding.Apply(divisor);
                SignElection.DivideByNonZero<T>(result, divisor);
                rounding.Apply(result);
            }
        }
    }

    private DeltaMask<T>?[] Masks<T>(TensorMerge<T> tensor, int[] operands)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var thinned = _sparsifier is null ? [] : operands.Where(m => tensor.Parameter(m, "density") < 1).ToList();
        var masks = thinned.Count == 0 ? [] : _sparsifier!.PrepareAll(tensor, thinned);
        return [.. operands.Select(m => thinned.IndexOf(m) is var i and >= 0 ? masks[i] : null)];
    }

    // Factor that gives a thinned task vector the L1 norm it had: the reference's rescaling, in place of the papers' 1/density and 1/p.
    private double Rescale<T>(TensorMerge<T> tensor, int operand, DeltaMask<T> mask, bool wholeRows)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var partial = new (double Before, double After)[tensor.BlockCount(wholeRows)];
        tensor.ForEachBlock(
            block =>
            {
                var delta = block.LoadDelta(operand, block.Load(tensor.Base));
                var before = SignElection.SumOfMagnitudes<T>(delta);
                mask(block, delta);
                partial[block.Index] = (before, SignElection.SumOfMagnitudes<T>(delta));
            },
            wholeRows);
        // The reference thins float16 at random in float32. Where a float16 sum overflows it divides infinity by infinity; float32 sums go on.
        var (sumBefore, sumAfter) = (partial.Sum(p => p.Before), partial.Sum(p => p.After));
        var rounding = tensor.Plan.Arithmetic == DType.F16 && (_sparsifier!.IsRandom || sumBefore >= LargestHalf) ? new Rounding(DType.F32) : tensor.Rounding;
        var (before, after) = (rounding.Apply(sumBefore), rounding.Apply(sumAfter));
        return before < 1e-7 || after < 1e-7 ? 1 : rounding.Apply(before / after);
    }
}
