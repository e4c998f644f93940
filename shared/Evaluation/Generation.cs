namespace LamdAgent.Evaluation;

/// <summary>What a model answered.</summary>
/// <param name="Text">The new text without special tokens.</param>
/// <param name="TokenCount">Number of generated tokens.</param>
/// <param name="Finished">Whether the model ended it (end token or stop string); false when it ran out of tokens.</param>
public sealed record Generation(string Text, int TokenCount, bool Finished);
