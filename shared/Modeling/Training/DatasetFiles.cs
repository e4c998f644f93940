using LamdAgent.Domain.Recipes;
using LamdAgent.Tokenization;
using LamdAgent.Tokenization.Datasets;

namespace LamdAgent.Modeling.Training;

/// <summary>Rows of a recipe's data sets. Length limits are applied afterwards, by <see cref="TrainingRows"/>.</summary>
internal static class DatasetFiles
{
    /// <summary>Rows of whole sequences with masks.</summary>
    public static List<TokenRow> Tokens(IReadOnlyList<DatasetReference> references, TrainingRecipe recipe, string modelFolder)
    {
        var (tokenizer, options) = (Tokenizer(modelFolder), Options(recipe));
        return Rows(references, recipe, reference => DatasetReader.ReadRows(reference.Path, Format(reference), tokenizer, options).Rows);
    }

    /// <summary>Pairs.</summary>
    public static List<PreferenceTokenRow> Preferences(IReadOnlyList<DatasetReference> references, TrainingRecipe recipe, string modelFolder)
    {
        var tokenizer = Tokenizer(modelFolder);
        return Rows(references, recipe, reference => DatasetReader.ReadPreferences(reference.Path, tokenizer).Rows);
    }

    /// <summary>Labelled answers.</summary>
    public static List<LabelledTokenRow> Labelled(IReadOnlyList<DatasetReference> references, TrainingRecipe recipe, string modelFolder)
    {
        var tokenizer = Tokenizer(modelFolder);
        return Rows(references, recipe, reference => DatasetReader.ReadLabelled(reference.Path, tokenizer).Rows);
    }

    /// <summary>Prompts.</summary>
    public static List<PromptRow> Prompts(IReadOnlyList<DatasetReference> references, TrainingRecipe recipe, string modelFolder)
    {
        var tokenizer = Tokenizer(modelFolder);
        return Rows(references, recipe, reference => DatasetReader.ReadPrompts(reference.Path, tokenizer).Rows);
    }

    /// <summary>The share of the rows that a reference asks for: drawn by the seed, in file order.</summary>
    public static IEnumerable<T> Fraction<T>(IReadOnlyList<T> rows, DatasetReference reference, int seed)
    {
        if (reference.Fraction >= 1)
        {
            return rows;
        }

        var order = Enumerable.Range(0, rows.Count).ToArray();
        SeededShuffle.Apply(order, SeededShuffle.Mix((ulong)seed, 0xF7AC));
        return order.Take(Math.Max(1, (int)Math.Round(rows.Count * reference.Fraction))).Order().Select(i => rows[i]);
    }

    // Rows of ready-made token ids do without a tokenizer.
    private static Tokenizer? Tokenizer(string modelFolder) => LamdAgent.Tokenization.Tokenizer.Exists(modelFolder) ? LamdAgent.Tokenization.Tokenizer.Load(modelFolder) : null;

    private static DatasetOptions Options(TrainingRecipe recipe) => new()
    {
        CompletionOnlyLoss = recipe.Data.CompletionOnlyLoss ?? true,
        AssistantOnlyLoss = recipe.Data.AssistantOnlyLoss,
        AssistantTurns = recipe.Data.AssistantTurns == "last" ? AssistantTurns.Last : AssistantTurns.All,
    };

    private static DatasetFormat Format(DatasetReference reference) => reference.Format is null ? DatasetFormat.Auto : DatasetFormatNames.Parse(reference.Format);

    private static List<T> Rows<T>(IReadOnlyList<DatasetReference> references, TrainingRecipe recipe, Func<DatasetReference, IReadOnlyList<T>> read) =>
        [.. references.SelectMany(reference => Fraction(read(reference), reference, recipe.Run.Seed))];
}
