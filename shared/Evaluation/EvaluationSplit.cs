namespace LamdAgent.Evaluation;

/// <summary>Which data a score is taken on: validation steers a search, test is read once at its end.</summary>
public enum EvaluationSplit
{
    /// <summary>The split that decisions may look at.</summary>
    Validation,

    /// <summary>The held-out split.</summary>
    Test,
}
