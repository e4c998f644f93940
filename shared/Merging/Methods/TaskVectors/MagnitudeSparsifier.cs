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

    public override DeltaMask<T> Prepare<T>(TensorMerge<T> tensor, int operand) => PrepareAll(tensor, [operand])[0];

    public override DeltaMask<T>[] PrepareAll<T>(TensorMerge<T> tensor, IReadOnlyList<int> operands)
    {
        var counts = operands.Select(m => (long)(tensor.Parameter(m, "density") * tensor.Length)).ToList();
        var masks = RankMask<T>.LargestOfEach(tensor, [.. operands.Select(m => Magnitudes(tensor, m))], counts, ZeroLowBits(tensor.Plan.Arithmetic));
        return Array.ConvertAll<RankMask<T>, DeltaMask<T>>(masks, mask => (block, delta) => mask.ApplyToMagnitudes(block, delta));
    }
}
