namespace LamdAgent.Domain.Specs;

/// <summary>
/// A search as a person describes it: one YAML file, read by <see cref="SearchSpecReader"/>. Paths are absolute here; in the file they are relative to it.
/// </summary>
public sealed record SearchSpec
{
    /// <summary>The file it was read from, as named by the person.</summary>
    public required string File { get; init; }

    /// <summary>Name of the search; becomes part of run ids.</summary>
    public required string Name { get; init; }

    /// <summary>What is wanted, in words, for the agent.</summary>
    public string Goal { get; init; } = "";

    /// <summary>All randomness descends from it. Default 0.</summary>
    public long Seed { get; init; }

    /// <summary>Starting models; the first is the base that everything is compared with.</summary>
    public required IReadOnlyList<ModelSource> Models { get; init; }

    /// <summary>Training datasets.</summary>
    public required IReadOnlyList<DatasetSource> Datasets { get; init; }

    /// <summary>Target tasks.</summary>
    public required IReadOnlyList<TaskReference> Tasks { get; init; }

    /// <summary>Action types with their choices.</summary>
    public required IReadOnlyList<ActionSpec> Actions { get; init; }

    /// <summary>How actions are chosen.</summary>
    public PlannerSpec Planner { get; init; } = new();

    /// <summary>What may be used.</summary>
    public required SearchBudget Budget { get; init; }

    /// <summary>Share of every dataset that a training reads, more than 0 to 1. Default 1.</summary>
    public double DataFraction { get; init; } = 1;

    /// <summary>What is refused.</summary>
    public GateSpec Gates { get; init; } = new();

    /// <summary>The hyper-parameters and type of the plain SFT on everything that the report compares with; null when the spec has no <c>sft</c> or says <c>reference: off</c>.</summary>
    public ReferenceSpec? Reference { get; init; }

    /// <summary>The regression limit of a task: its own, else the general one; null: none.</summary>
    public double? RegressionLimit(TaskReference task) => task.MaxRegression ?? Gates.MaxRegression;
}
