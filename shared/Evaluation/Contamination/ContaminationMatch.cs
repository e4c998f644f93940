namespace LamdAgent.Evaluation.Contamination;

/// <summary>A training row that holds an evaluation item.</summary>
/// <param name="Line">Line of the training row; 0 for a row that comes from no file.</param>
/// <param name="Item">The item: task, split and line.</param>
/// <param name="Share">Share of the item's runs of words that the row holds; 1 when the texts are the same.</param>
public sealed record ContaminationMatch(int Line, string Item, double Share);
