using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Numerics;
using LamdAgent.Merging.Planning;

namespace LamdAgent.Merging.Methods.TaskVectors;

/// <summary>Keeps the <c>trunc(density n)</c> entries of largest magnitude of a tensor (TIES). Of equal ones those with the lowest index are kept.</summary>
internal sealed class MagnitudeSparsifier : Sparsifier
{
    public override string? FindProblem(TensorPlan plan, IReadOnlyDictionary<string, double> parameters) =>
        parameters["density"] < 1 && (long)(parameters["density"] * plan.Length) <= 0
            ? $"density {parameters["density"]} keeps none of its {plan.Length} elements; take a larger density"
            : null;

    public override DeltaMask<T> Prepare<T>(TensorMerge<T> tensor, int operand)
    {
        var keep = (long)(tensor.Parameter(operand, "density") * tensor.Length);
        var mask = RankMask<T>.Largest(tensor, Magnitudes(tensor, operand), keep, ZeroLowBits(tensor.Plan.Arithmetic));
        return (block, delta) => mask.Apply(block, Magnitudes<T>(block, delta), delta);
    }
}
