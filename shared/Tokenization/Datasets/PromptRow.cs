using System.Text.Json;

namespace LamdAgent.Tokenization.Datasets;

/// <summary>One prompt for reinforcement learning.</summary>
/// <param name="PromptIds">The prompt as the model gets it, up to where its answer begins.</param>
/// <param name="Item">The whole row, for the reward to read its reference answer from.</param>
/// <param name="Line">Line of the data file, counted from 1.</param>
public sealed record PromptRow(int[] PromptIds, JsonElement Item, int Line);
