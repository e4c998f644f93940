using System.Numerics;
using System.Numerics.Tensors;
using LamdAgent.Checkpoints;
using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Numerics;
using LamdAgent.Merging.Planning;

namespace LamdAgent.Merging.Methods.TaskVectors;

/// <summary>A way to thin out a task vector. Every one keeps a share <c>density</c> of it; 1 or more keeps everything and skips rescaling too.</summary>
internal abstract class Sparsifier
{
    /// <summary>Its settings beside density.</summary>
    public virtual IReadOnlyList<MergeParameter> Parameters => [];

    /// <summary>Whether it draws lots.</summary>
    public virtual bool IsRandom => false;

    /// <summary>Whether it looks at whole rows.</summary>
    public virtual bool WholeRows => false;

    /// <summary>What is wrong with the settings for a tensor, or null.</summary>
    public abstract string? FindProblem(TensorPlan plan, IReadOnlyDictionary<string, double> parameters);

    /// <summary>What a person should know about a tensor, or null.</summary>
    public virtual string? FindSurprise(TensorPlan plan, IReadOnlyDictionary<string, double> parameters) => null;

    /// <summary>Looks at an operand's task vector and decides what to drop. Called for densities below 1 only.</summary>
    public abstract DeltaMask<T> Prepare<T>(TensorMerge<T> tensor, int operand)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary><see cref="Prepare"/> for several operands.</summary>
    public virtual DeltaMask<T>[] PrepareAll<T>(TensorMerge<T> tensor, IReadOnlyList<int> operands)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => [.. operands.Select(m => Prepare(tensor, m))];

    /// <summary>A mask that drops everything.</summary>
    protected static void DropAll<T>(Block<T> block, Span<T> delta)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => delta.Clear();

    /// <summary>Magnitudes of an operand's task vector as keys.</summary>
    internal static KeyProvider<T> Magnitudes<T>(TensorMerge<T> tensor, int operand)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        block => RankSelection.Magnitudes(block, block.LoadDelta(operand, block.Load(tensor.Base)));

    /// <summary>Magnitudes of a delta at hand as keys; the delta stays.</summary>
    internal static ReadOnlySpan<uint> Magnitudes<T>(Block<T> block, ReadOnlySpan<T> delta)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var magnitudes = block.Scratch();
        TensorPrimitives.Abs(delta, magnitudes);
        return RankSelection.NonNegative<T>(block, magnitudes);
    }

    /// <summary>How many low bits of a float32 are 0 in every number of the arithmetic type.</summary>
    protected static int ZeroLowBits(DType arithmetic) => arithmetic switch { DType.BF16 => 16, DType.F16 => 13, _ => 0 };
}
