namespace LamdAgent.Evaluation;

/// <summary>What may be varied without changing a task.</summary>
public sealed record EvaluationOptions
{
    /// <summary>Takes the first so many items only; null, the default, takes all. A limited score is another score: the result says how many there were.</summary>
    public int? Limit { get; init; }
}
