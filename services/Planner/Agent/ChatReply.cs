namespace LamdAgent.Planner.Agent;

/// <summary>An answer.</summary>
/// <param name="Text">Its text.</param>
/// <param name="PromptTokens">As counted by the endpoint; null when it does not say.</param>
/// <param name="CompletionTokens">As counted by the endpoint; null when it does not say.</param>
public sealed record ChatReply(string Text, int? PromptTokens, int? CompletionTokens);
