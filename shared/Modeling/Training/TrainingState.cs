namespace LamdAgent.Modeling.Training;

/// <summary>
/// All that a run must remember beside weights and moments. Row order, learning rate and random draws are functions of seed and step, so they need no state of
/// their own.
/// </summary>
internal sealed record TrainingState
{
    /// <summary>What the run is: digest over recipe, data and starting weights. A checkpoint of another run is refused.</summary>
    public required string Identity { get; init; }

    /// <summary>Optimizer steps done.</summary>
    public int Step { get; init; }

    /// <summary>Threads that libtorch computed with: another number may round differently.</summary>
    public int Threads { get; init; }

    /// <summary>Tokens computed.</summary>
    public long Tokens { get; init; }

    /// <summary>Loss of the last step.</summary>
    public double LastLoss { get; init; }

    /// <summary>Into how many parts micro-batches are cut since memory ran out; 1: whole.</summary>
    public int Split { get; init; } = 1;

    /// <summary>See <see cref="DivergenceGuard"/>.</summary>
    public double BaselineSum { get; init; }

    /// <summary>See <see cref="DivergenceGuard"/>.</summary>
    public int BaselineCount { get; init; }

    /// <summary>See <see cref="DivergenceGuard"/>.</summary>
    public int Above { get; init; }

    /// <summary>Last evaluation loss.</summary>
    public double? EvalLoss { get; init; }

    /// <summary>Cost of the best evaluation: its loss, or for rewards of generated answers the reward with its sign turned.</summary>
    public double? BestEvalCost { get; init; }

    /// <summary>Step of the best evaluation.</summary>
    public int BestStep { get; init; }

    /// <summary>Evaluations in a row without improvement.</summary>
    public int WithoutImprovement { get; init; }

    /// <summary>Whether early stopping has ended the run.</summary>
    public bool StoppedEarly { get; init; }

    /// <summary>Where the rate of <c>reduce_lr_on_plateau</c> stands; null with other schedules and before the first evaluation.</summary>
    public Optimization.PlateauReduction? Plateau { get; init; }

    /// <summary>SHA-256 of the weights file, set when the checkpoint is written.</summary>
    public string WeightsDigest { get; init; } = "";
}
