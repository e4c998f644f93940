namespace LamdAgent.Tokenization.Datasets;

/// <summary>One row for KTO: an answer that is wanted or not.</summary>
/// <param name="PromptIds">The prompt, beginning token included.</param>
/// <param name="CompletionIds">The answer with its end token.</param>
/// <param name="Label">Whether the answer is wanted.</param>
/// <param name="Line">Line of the data file, counted from 1.</param>
public sealed record LabelledTokenRow(int[] PromptIds, int[] CompletionIds, bool Label, int Line);
