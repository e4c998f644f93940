using System.IO.Compression;
using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Domain.Recipes;
using LamdAgent.Tokenization.Datasets;

namespace LamdAgent.Modeling.Training;

/// <summary>Rows of a recipe's data sets.</summary>
internal static class DatasetFiles
{
    /// <summary>Rows of whole sequences with masks.</summary>
    public static List<TokenRow> Tokens(IReadOnlyList<DatasetReference> references, TrainingRecipe recipe, string modelFolder) =>
        Rows(references, recipe, (json, line) => new TokenRow(Ids(json, "input_ids"), [.. Ids(json, "completion_mask").Select(i => (byte)i)], line));

    /// <summary>Pairs.</summary>
    public static List<PreferenceTokenRow> Preferences(IReadOnlyList<DatasetReference> references, TrainingRecipe recipe, string modelFolder) =>
        Rows(references, recipe, (json, line) => new PreferenceTokenRow(Ids(json, "prompt_ids"), Ids(json, "chosen_ids"), Ids(json, "rejected_ids"), line));

    /// <summary>Labelled answers.</summary>
    public static List<LabelledTokenRow> Labelled(IReadOnlyList<DatasetReference> references, TrainingRecipe recipe, string modelFolder) =>
        Rows(references, recipe, (json, line) => new LabelledTokenRow(Ids(json, "prompt_ids"), Ids(json, "completion_ids"), json.GetProperty("label").GetBoolean(), line));

    /// <summary>Prompts.</summary>
    public static List<PromptRow> Prompts(IReadOnlyList<DatasetReference> references, TrainingRecipe recipe, string modelFolder) =>
        Rows(references, recipe, (json, line) => new PromptRow(Ids(json, "prompt_ids"), json, line));

    private static List<T> Rows<T>(IReadOnlyList<DatasetReference> references, TrainingRecipe recipe, Func<JsonElement, int, T> read)
    {
        var all = new List<T>();
        foreach (var reference in references)
        {
            var rows = Lines(reference.Path).Select((text, i) => Parse(text, reference.Path, i + 1, read)).ToList();
            all.AddRange(Fraction(rows, reference, recipe.Run.Seed));
        }

        return all;
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

    private static T Parse<T>(string text, string file, int line, Func<JsonElement, int, T> read)
    {
        try
        {
            return read(JsonDocument.Parse(text).RootElement, line);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidInputException(file, line, $"not a row of tokens: {e.Message}", e);
        }
    }

    private static int[] Ids(JsonElement json, string key) => [.. json.GetProperty(key).EnumerateArray().Select(i => i.GetInt32())];

    private static IEnumerable<string> Lines(string path)
    {
        if (!File.Exists(path))
        {
            throw new InvalidInputException(path, null, "no such data set");
        }

        using Stream file = File.OpenRead(path);
        using var reader = new StreamReader(path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file);
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0)
            {
                yield return line;
            }
        }
    }
}
