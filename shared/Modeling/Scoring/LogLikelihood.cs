namespace LamdAgent.Modeling.Scoring;

/// <summary>How likely a continuation is after its prompt.</summary>
/// <param name="Sum">Sum of the log-probabilities (natural logarithm) of its tokens.</param>
/// <param name="Tokens">Number of its tokens.</param>
/// <param name="IsGreedy">Whether each of its tokens is the likeliest in its place.</param>
public readonly record struct LogLikelihood(double Sum, int Tokens, bool IsGreedy);
