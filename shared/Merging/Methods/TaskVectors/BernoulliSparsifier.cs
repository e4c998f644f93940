using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Numerics;
using LamdAgent.Merging.Planning;

namespace LamdAgent.Merging.Methods.TaskVectors;

/// <summary>Keeps each entry by the toss of a coin with probability density (DARE).</summary>
internal sealed class BernoulliSparsifier : Sparsifier
{
    public override bool IsRandom => true;

    public override string? FindProblem(TensorPlan plan, IReadOnlyDictionary<string, double> parameters) =>
        parameters["density"] < 0 ? $"density {parameters["density"]} is not a probability" : null;

    public override DeltaMask<T> Prepare<T>(TensorMerge<T> tensor, int operand)
    {
        var seed = CounterRandom.Seed(tensor.Plan.Seed, $"{operand} {tensor.Plan.Operands[operand].Model}");
        var density = tensor.Parameter(operand, "density");
        return (block, delta) => CounterRandom.Thin(seed, block.Start, density, delta);
    }
}
