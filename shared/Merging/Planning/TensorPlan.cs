using LamdAgent.Checkpoints;

namespace LamdAgent.Merging.Planning;

/// <summary>All that is known about a tensor of the output before it is computed.</summary>
internal sealed record TensorPlan
{
    /// <summary>Its name in the output.</summary>
    public required string Name { get; init; }

    /// <summary>Its shape.</summary>
    public required IReadOnlyList<long> Shape { get; init; }

    /// <summary>The method that makes it.</summary>
    public required MergeMethod Method { get; init; }

    /// <summary>What it is made of, in model order.</summary>
    public required IReadOnlyList<TensorOperand> Operands { get; init; }

    /// <summary>Index of the base among the operands, -1 without one.</summary>
    public required int Base { get; init; }

    /// <summary>Parameters of the whole tensor.</summary>
    public required IReadOnlyDictionary<string, double> Parameters { get; init; }

    /// <summary>Type into which operands are converted when they are read; null leaves them as stored.</summary>
    public DType? Load { get; init; }

    /// <summary>Type in which it is computed.</summary>
    public required DType Arithmetic { get; init; }

    /// <summary>Type of the method's result, to which it is rounded even where another is written.</summary>
    public required DType Result { get; init; }

    /// <summary>Type in which it is written.</summary>
    public required DType Output { get; init; }

    /// <summary>Seed of its random draws.</summary>
    public long Seed { get; init; }

    /// <summary>Number of elements.</summary>
    public long Length => Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>How it is declared in the output.</summary>
    public TensorDeclaration Declare() => new(Name, Output, Shape);
}
