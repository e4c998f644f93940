using LamdAgent.Tokenization.Datasets;

namespace LamdAgent.Modeling.Training;

/// <summary>An answer that the policy wrote, to be rewarded.</summary>
/// <param name="Prompt">The row that it answers.</param>
/// <param name="Text">The answer without its end token.</param>
/// <param name="Ids">Its tokens, the end token included where there is one.</param>
public sealed record GeneratedAnswer(PromptRow Prompt, string Text, IReadOnlyList<int> Ids);
