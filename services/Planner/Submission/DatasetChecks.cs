using LamdAgent.Domain;
using LamdAgent.Domain.Specs;
using LamdAgent.Tokenization;
using LamdAgent.Tokenization.Datasets;

namespace LamdAgent.Planner.Submission;

/// <summary>Reads every row of a spec's datasets as the trainer will: what is wrong is told before the search begins, not after an hour.</summary>
public static class DatasetChecks
{
    // A gigabyte takes about a minute to tokenize; a larger file is read by the training only.
    private const long LargestReadBytes = 512L << 20;

    /// <summary>Reads the datasets.</summary>
    /// <exception cref="InvalidInputException">A row cannot be used; the message names file and line.</exception>
    public static void Check(SearchSpec spec)
    {
        var folder = spec.Models[0].Path;
        var tokenizer = Tokenizer.Exists(folder) ? Tokenizer.Load(folder) : null;
        foreach (var dataset in spec.Datasets.Where(dataset => new FileInfo(dataset.Path).Length <= LargestReadBytes))
        {
            if (CountRows(dataset, tokenizer) == 0)
            {
                throw new InvalidInputException(dataset.Path, null, "holds no rows");
            }
        }
    }

    private static int CountRows(DatasetSource dataset, Tokenizer? tokenizer) => dataset.Format switch
    {
        DatasetFormats.Preference => DatasetReader.ReadPreferences(dataset.Path, tokenizer).Rows.Count,
        DatasetFormats.UnpairedPreference => DatasetReader.ReadLabelled(dataset.Path, tokenizer).Rows.Count,
        DatasetFormats.Prompt => DatasetReader.ReadPrompts(dataset.Path, tokenizer).Rows.Count,
        _ => DatasetReader.ReadRows(dataset.Path, DatasetFormatNames.Parse(dataset.Format), tokenizer).Rows.Count,
    };
}
