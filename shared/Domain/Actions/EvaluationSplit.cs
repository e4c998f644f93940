namespace LamdAgent.Domain.Actions;

/// <summary>Which items of a task are read.</summary>
public enum EvaluationSplit
{
    /// <summary>Steers the search; the agent sees these scores.</summary>
    Validation,

    /// <summary>Read once, at the end, for the base, the plain SFT reference and the best model; never enters memory.</summary>
    Test,
}
