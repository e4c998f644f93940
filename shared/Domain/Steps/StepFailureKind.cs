namespace LamdAgent.Domain.Steps;

/// <summary>Why a step failed. The first four are results that the agent learns from; the last means that the machinery gave up.</summary>
public enum StepFailureKind
{
    /// <summary>The trainer refused the inputs (a recipe that does not fit, rows that train nothing, contaminated data).</summary>
    TrainingRejected,

    /// <summary>The loss became infinite or not a number.</summary>
    TrainingDiverged,

    /// <summary>The models cannot be merged this way.</summary>
    MergeRejected,

    /// <summary>The model could not be scored.</summary>
    EvaluationRejected,

    /// <summary>Retries were used up, or something unexpected happened.</summary>
    Faulted,
}
