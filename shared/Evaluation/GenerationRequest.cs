namespace LamdAgent.Evaluation;

/// <summary>One prompt to continue greedily.</summary>
/// <param name="Prompt">What the model is shown.</param>
/// <param name="MaxNewTokens">At most so many tokens; the end-of-text token ends a text earlier.</param>
/// <param name="Stop">Strings that may end the text early. An implementation may stop as soon as one occurs; the evaluator cuts the text itself.</param>
public sealed record GenerationRequest(ModelPrompt Prompt, int MaxNewTokens, IReadOnlyList<string> Stop);
