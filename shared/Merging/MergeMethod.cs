using System.Numerics;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Merging.Engine;
using LamdAgent.Merging.Planning;

namespace LamdAgent.Merging;

/// <summary>
/// A way to make one tensor of several. A new method is one class in Methods/ and one line in <see cref="MergeMethodCatalogue"/>.
/// </summary>
public abstract class MergeMethod
{
    /// <summary>Default step below which the search does not go in numbers of models.</summary>
    private protected const int AnyNumber = int.MaxValue;

    /// <summary>Its name in configurations: <c>ties</c>.</summary>
    public abstract string Name { get; }

    /// <summary>What it does, in a line.</summary>
    public abstract string Summary { get; }

    /// <summary>Where it comes from: paper with arXiv number, or the nearest thing to one.</summary>
    public abstract string Reference { get; }

    /// <summary>Its settings.</summary>
    public virtual IReadOnlyList<MergeParameter> Parameters => [];

    /// <summary>Whether it needs a base model.</summary>
    public virtual BaseModelUse Base => BaseModelUse.AnyModel;

    /// <summary>Least number of models; a base counts where <see cref="CountsBase"/> says so.</summary>
    public virtual int MinModels => 1;

    /// <summary>Largest number of models.</summary>
    public virtual int MaxModels => AnyNumber;

    /// <summary>Whether <see cref="MinModels"/> and <see cref="MaxModels"/> count the base as a model.</summary>
    public virtual bool CountsBase => false;

    /// <summary>Whether a tensor that has one source only (a slice with one model) is copied; a base by itself always is, where a base is required.</summary>
    internal virtual bool CopiesLoneModel => false;

    /// <summary>Whether its result depends on a seed.</summary>
    public virtual bool IsRandom => false;

    /// <summary>Whether it works on differences to a common ancestor, which must then truly be one.</summary>
    public virtual bool UsesTaskVectors => false;

    /// <summary>Whether a search may offer it.</summary>
    public virtual bool IsSearchable => true;

    /// <summary>What it does with vocabularies of different heights.</summary>
    public virtual VocabularyRule Vocabulary => VocabularyRule.Refuse;

    /// <summary>Data types: that of the arithmetic and that of the result, when the configuration does not say.</summary>
    /// <param name="operands">Types of the tensors as they come, after the configuration's <c>dtype</c>.</param>
    /// <param name="baseOperand">Index of the base or -1.</param>
    internal virtual (DType Arithmetic, DType Result) Types(IReadOnlyList<DType> operands, int baseOperand)
    {
        var widest = operands.Aggregate(Promote);
        return (widest, widest);
    }

    /// <summary>Says what is wrong with a tensor's operands and parameters before anything is written.</summary>
    /// <exception cref="InvalidInputException">Something is.</exception>
    internal virtual void Check(TensorPlan plan)
    {
    }

    /// <summary>What a person should know about what will happen to a tensor, or null.</summary>
    internal virtual string? FindSurprise(TensorPlan plan) => null;

    /// <summary>The operand that the method would return as it is, so that its bytes can be copied; -1 when there is none.</summary>
    internal virtual int CopiedOperand(TensorPlan plan) => -1;

    /// <summary>Looks at all tensors before the first is merged; only for methods whose decisions span the whole model.</summary>
    internal virtual void Prepare(MergeSession session)
    {
    }

    /// <summary>Merges one tensor.</summary>
    internal abstract void Merge<T>(TensorMerge<T> tensor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>;

    /// <summary>An error about a tensor.</summary>
    private protected InvalidInputException Error(TensorPlan plan, string what) => new($"{Name}: tensor {plan.Name}: {what}");

    private protected static MergeParameter Number(string name, bool perModel, double? byDefault, double min, double max, double[] choices, string summary) =>
        new(name, MergeParameterKind.Number, perModel, byDefault, min, max, choices, summary);

    private protected static MergeParameter Flag(string name, bool byDefault, string summary) =>
        new(name, MergeParameterKind.Flag, false, byDefault ? 1 : 0, 0, 1, [], summary);

    /// <summary>As torch promotes: the wider type, and float32 for the two 16-bit types together.</summary>
    internal static DType Promote(DType a, DType b) =>
        a == b ? a : a == DType.F64 || b == DType.F64 ? DType.F64 : DType.F32;
}
