namespace LamdAgent.Domain.Planning;

/// <summary>
/// One question to the language model and its answer, or how it failed; kept in full. Natural key: search, step, purpose, attempt. A planner that
/// restarts in the middle of a step reads the answer here and does not ask twice.
/// </summary>
public sealed record PlannerCall
{
    /// <summary>The search.</summary>
    public required string SearchId { get; init; }

    /// <summary>The step that was being planned.</summary>
    public required string StepId { get; init; }

    /// <summary>What was asked for.</summary>
    public required PlannerCallPurpose Purpose { get; init; }

    /// <summary>1 for the first time, higher when asked again with the error.</summary>
    public required int Attempt { get; init; }

    /// <summary>The version of the prompt files.</summary>
    public required string PromptVersion { get; init; }

    /// <summary>The endpoint's model or deployment name.</summary>
    public required string Model { get; init; }

    /// <summary>The messages sent, in order.</summary>
    public required IReadOnlyList<PlannerMessage> Messages { get; init; }

    /// <summary>The answer; null when the call failed.</summary>
    public string? Answer { get; init; }

    /// <summary>Why the call failed or the answer was not used; null when it was good.</summary>
    public string? Error { get; init; }

    /// <summary>Tokens of the question, as the endpoint counted them (estimated from characters when it does not say).</summary>
    public int PromptTokens { get; init; }

    /// <summary>Tokens of the answer.</summary>
    public int CompletionTokens { get; init; }

    /// <summary>Seconds the call took.</summary>
    public double Seconds { get; init; }

    /// <summary>When it ended.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}
