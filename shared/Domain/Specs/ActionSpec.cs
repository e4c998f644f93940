using LamdAgent.Domain.Actions;

namespace LamdAgent.Domain.Specs;

/// <summary>An action type of the search with its choices.</summary>
public sealed record ActionSpec
{
    /// <summary>The type: a training or merge method.</summary>
    public required string Type { get; init; }

    /// <summary>Trainings or merges.</summary>
    public required ActionKind Kind { get; init; }

    /// <summary>Every combination of hyper-parameters that is allowed, in file order; at least one (which may be empty).</summary>
    public required IReadOnlyList<ParameterSet> ParameterSets { get; init; }

    /// <summary>Datasets that a training may take; all that fit the method unless the spec narrows them.</summary>
    public IReadOnlyList<string> Datasets { get; init; } = [];

    /// <summary>How many models a merge takes; choices.</summary>
    public IReadOnlyList<int> ModelCounts { get; init; } = [];

    /// <summary>Which model a merge measures the others against.</summary>
    public MergeBase Base { get; init; }

    /// <summary>One sentence about the type, for the agent.</summary>
    public string Description { get; init; } = "";

    /// <summary>Line in the spec.</summary>
    public int Line { get; init; }
}
