namespace LamdAgent.Evaluation;

/// <summary>The probability that a model gives to a continuation.</summary>
/// <param name="Sum">Sum of the natural log-probabilities of its tokens.</param>
/// <param name="IsGreedy">Whether every token was the most probable one.</param>
/// <param name="TokenCount">Number of tokens of the continuation.</param>
public sealed record LogLikelihood(double Sum, bool IsGreedy, int TokenCount);
