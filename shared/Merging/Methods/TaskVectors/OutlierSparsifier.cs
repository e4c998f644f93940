using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Numerics;
using LamdAgent.Merging.Planning;

namespace LamdAgent.Merging.Methods.TaskVectors;

/// <summary>
/// Drops the smallest magnitudes and also the share <c>gamma</c> of the largest (Model Breadcrumbs). As in the reference, a tensor in which gamma is less
/// than one element loses its whole change; the plan warns of it.
/// </summary>
internal sealed class OutlierSparsifier(MergeParameter gamma) : Sparsifier
{
    public override IReadOnlyList<MergeParameter> Parameters => [gamma];

    public override string? FindProblem(TensorPlan plan, IReadOnlyDictionary<string, double> parameters) =>
        parameters["density"] < 0 || parameters["gamma"] < 0 ? "density and gamma must not be negative" : null;

    public override string? FindSurprise(TensorPlan plan, IReadOnlyDictionary<string, double> parameters) =>
        parameters["density"] is > 0 and < 1 && (long)(parameters["gamma"] * plan.Length) == 0
            ? "gamma is less than one element in some tensors (norms, mostly), whose change is dropped whole, as in mergekit"
            : null;

    public override DeltaMask<T> Prepare<T>(TensorMerge<T> tensor, int operand)
    {
        var n = tensor.Length;
        var keep = (long)(tensor.Parameter(operand, "density") * n);
        var top = (long)(tensor.Parameter(operand, "gamma") * n);
        var bottom = n - keep - top;
        if (bottom < 0)
        {
            (top, bottom) = (top + bottom, 0);
        }

        if (top <= 0 || bottom >= n - top)
        {
            return DropAll;
        }

        var mask = RankMask<T>.Between(tensor, Magnitudes(tensor, operand), bottom, n - top, ZeroLowBits(tensor.Plan.Arithmetic));
        return (block, delta) => mask.ApplyToMagnitudes(block, delta);
    }
}
