namespace LamdAgent.Tokenization.Datasets;

/// <summary>One preference: two answers to one prompt. Sequences are prompt + chosen and prompt + rejected; the loss is on the answers.</summary>
/// <param name="PromptIds">The prompt, beginning token included.</param>
/// <param name="ChosenIds">The better answer with its end token.</param>
/// <param name="RejectedIds">The worse answer with its end token.</param>
/// <param name="Line">Line of the data file, counted from 1.</param>
/// <param name="Margin">How much better the chosen answer is said to be (key <c>margin</c>), for reward models; null when the row does not say.</param>
public sealed record PreferenceTokenRow(int[] PromptIds, int[] ChosenIds, int[] RejectedIds, int Line, double? Margin = null);
