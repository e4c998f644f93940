namespace LamdAgent.Domain.Specs;

/// <summary>How actions are chosen.</summary>
public sealed record PlannerSpec
{
    /// <summary>The names of the strategies.</summary>
    public static IReadOnlyList<string> Strategies { get; } = ["random", "greedy", "llm"];

    /// <summary>One of <see cref="Strategies"/>; default <c>greedy</c>.</summary>
    public string Strategy { get; init; } = "greedy";

    /// <summary>Steps that may be under way at once, k: step n is planned from the results of steps 1 to n - k only. Default 1.</summary>
    public int StepsInFlight { get; init; } = 1;

    /// <summary>For greedy: the probability of a random action, 0 to 1. Default 0.25.</summary>
    public double Exploration { get; init; } = 0.25;

    /// <summary>The endpoint of the <c>llm</c> strategy; null for the others.</summary>
    public LlmSpec? Llm { get; init; }
}
