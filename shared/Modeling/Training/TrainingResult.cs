namespace LamdAgent.Modeling.Training;

/// <summary>How a training ended.</summary>
public sealed record TrainingResult
{
    /// <summary>The published folder.</summary>
    public required string OutputFolder { get; init; }

    /// <summary>Optimizer steps in all, those before a resume included.</summary>
    public required int Steps { get; init; }

    /// <summary>Loss of the last step.</summary>
    public required double Loss { get; init; }

    /// <summary>Last evaluation loss, or null.</summary>
    public double? EvalLoss { get; init; }

    /// <summary>Tokens computed in all.</summary>
    public required long Tokens { get; init; }

    /// <summary>Seconds of training in this process.</summary>
    public required double Seconds { get; init; }

    /// <summary>Step that a checkpoint let this process start from; 0: from the beginning.</summary>
    public int ResumedFrom { get; init; }

    /// <summary>Whether early stopping ended it.</summary>
    public bool StoppedEarly { get; init; }

    /// <summary>Checkpoints written by this process.</summary>
    public int Checkpoints { get; init; }

    /// <summary>Bytes of one checkpoint; 0 when none was written.</summary>
    public long CheckpointBytes { get; init; }

    /// <summary>Seconds spent on writing them.</summary>
    public double CheckpointSeconds { get; init; }
}
