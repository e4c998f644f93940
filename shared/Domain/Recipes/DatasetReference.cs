namespace LamdAgent.Domain.Recipes;

/// <summary>A data set of a recipe.</summary>
/// <param name="Path">JSONL or JSONL.gz file, absolute or relative to the folder of the recipe.</param>
/// <param name="Format">Row format (<c>messages</c>, <c>text</c>, <c>prompt_completion</c>, <c>tokens</c>, <c>preference</c> ...); null: told from the first row.</param>
/// <param name="Fraction">Share of the rows to use, in (0, 1]; chosen by the seed, order kept. Default 1.</param>
public sealed record DatasetReference(string Path, string? Format = null, double Fraction = 1);
