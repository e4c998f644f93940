namespace LamdAgent.Domain.Steps;

/// <summary>A piece of a step that one worker claims.</summary>
public enum StepStage
{
    /// <summary>Make a model by training.</summary>
    Train,

    /// <summary>Make a model by merging.</summary>
    Merge,

    /// <summary>Score the step's result model.</summary>
    Evaluate,
}
