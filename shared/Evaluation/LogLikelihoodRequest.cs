namespace LamdAgent.Evaluation;

/// <summary>
/// A continuation to be scored. Context and continuation are tokenised together, and white space at the end of the context counts to the continuation
/// (lm-evaluation-harness, <c>_encode_pair</c>), so that no token straddles the border unnoticed.
/// </summary>
/// <param name="Context">What stands before; an empty text means the beginning of a text.</param>
/// <param name="Continuation">The text to score, with its leading blank where one is wanted.</param>
public sealed record LogLikelihoodRequest(ModelPrompt Context, string Continuation);
