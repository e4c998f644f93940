using LamdAgent.Checkpoints;

namespace LamdAgent.Modeling.Training;

/// <summary>What a training needs beside its recipe: folders, identity, rewards. Folders given here win over those of the recipe.</summary>
public sealed record TrainingJob
{
    /// <summary>Model to start from; null: the recipe's.</summary>
    public string? ModelFolder { get; init; }

    /// <summary>Where the result is published; must not exist or be empty.</summary>
    public required string OutputFolder { get; init; }

    /// <summary>
    /// Where checkpoints and the growing metrics.jsonl are kept; another run that is given the same folder goes on from there. Null: <c>OUTPUT.training</c> beside the output, deleted when the result is
    /// published. A given folder is its giver's to delete.
    /// </summary>
    public string? WorkFolder { get; init; }

    /// <summary>Id of the new model in lamd.json; null: the output folder's name.</summary>
    public string? ModelId { get; init; }

    /// <summary>Parents in lamd.json; null: the model started from.</summary>
    public IReadOnlyList<ModelParent>? Parents { get; init; }

    /// <summary>Reward functions by name, for grpo and rloo.</summary>
    public IReadOnlyList<IRewardFunction> Rewards { get; init; } = [];

    /// <summary>Whether the recipe's precision is computed in even where the processor is slow at it, to compare with machines that are not. Default false.</summary>
    public bool PrecisionEvenWhereSlow { get; init; }

    /// <summary>Clock for checkpoint intervals and speeds.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
