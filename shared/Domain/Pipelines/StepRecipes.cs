using System.Globalization;
using System.Text;
using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Configuration;
using LamdAgent.Domain.Recipes;
using LamdAgent.Domain.Specs;

namespace LamdAgent.Domain.Pipelines;

/// <summary>Turns an action into what the libraries read: a training recipe, or a merge configuration in mergekit's YAML. Search and replay both go through here, so they do the same.</summary>
public static class StepRecipes
{
    /// <summary>The recipe of a training action.</summary>
    /// <param name="action">The action.</param>
    /// <param name="modelFolder">Absolute folder of its model.</param>
    /// <param name="datasets">Its datasets in order, absolute paths.</param>
    /// <param name="seed">Seed; its lower 31 bits are used.</param>
    /// <param name="dataFraction">Share of the rows.</param>
    /// <param name="baseFolder">Where relative paths among the parameters (a teacher model) start.</param>
    /// <exception cref="InvalidInputException">The parameters do not make a recipe.</exception>
    public static TrainingRecipe Training(
        PipelineAction action, string modelFolder, IReadOnlyList<DatasetReference> datasets, long seed, double dataFraction, string baseFolder)
    {
        var origin = action.ToString();
        ConfigScalar Scalar(string key, string text) => new(origin, 1, key, text, quoted: true);
        var entries = new List<(string, int, ConfigNode)>
        {
            ("method", 1, Scalar("method", action.Type)),
            ("model", 1, Scalar("model", modelFolder)),
            ("seed", 1, Scalar("seed", (seed & int.MaxValue).ToString(CultureInfo.InvariantCulture))),
        };
        entries.AddRange(action.Parameters.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => (p.Key, 1, FlowText.Read(p.Value, origin))));
        var recipe = TrainingRecipe.Read(new ConfigMapping(origin, 1, "", entries));
        return (recipe with
        {
            Data = recipe.Data with { Train = [.. datasets.Select(d => d with { Fraction = d.Fraction * dataFraction })] },
        }).ResolvePaths(baseFolder);
    }

    /// <summary>The configuration of a merge action. Arithmetic is float32 unless the action says otherwise, and the result has the type of the models.</summary>
    /// <param name="action">The action.</param>
    /// <param name="modelFolder">Model id -> folder.</param>
    public static string Merge(PipelineAction action, Func<string, string> modelFolder)
    {
        var type = MergeActionType.Find(action.Type) ?? throw new InvalidInputException($"'{action.Type}' is not a merge method of a search");
        var yaml = new StringBuilder();
        yaml.Append(CultureInfo.InvariantCulture, $"merge_method: {action.Type}\n");
        if (action.BaseModel is not null)
        {
            yaml.Append(CultureInfo.InvariantCulture, $"base_model: {FlowText.Scalar(modelFolder(action.BaseModel), quoted: true)}\n");
        }

        yaml.Append("models:\n");
        for (var i = 0; i < action.Models.Count; i++)
        {
            yaml.Append(CultureInfo.InvariantCulture, $"  - model: {FlowText.Scalar(modelFolder(action.Models[i]), quoted: true)}\n");
            var parameters = new List<string>();
            foreach (var parameter in type.PerModel)
            {
                if (action.Parameters.TryGetValue(parameter.Name, out var text))
                {
                    parameters.Add($"{parameter.Name}: {ValueFor(text, i, action)}");
                }
            }

            if (parameters.Count > 0)
            {
                yaml.Append(CultureInfo.InvariantCulture, $"    parameters: {{{string.Join(", ", parameters)}}}\n");
            }
        }

        var wide = type.MethodWide.Where(p => action.Parameters.ContainsKey(p.Name)).Select(p => $"{p.Name}: {action.Parameters[p.Name]}").ToList();
        if (wide.Count > 0)
        {
            yaml.Append(CultureInfo.InvariantCulture, $"parameters: {{{string.Join(", ", wide)}}}\n");
        }

        yaml.Append(CultureInfo.InvariantCulture, $"dtype: {action.Parameters.GetValueOrDefault("dtype", "float32")}\n");
        yaml.Append(CultureInfo.InvariantCulture, $"out_dtype: {action.Parameters.GetValueOrDefault("out_dtype", "auto")}\n");
        return yaml.ToString();
    }

    private static string ValueFor(string text, int index, PipelineAction action)
    {
        var value = FlowText.Read(text, action.ToString());
        if (value is not ConfigSequence list)
        {
            return text;
        }

        // A list of one is a gradient that holds for all models.
        return list is [ConfigSequence all] ? FlowText.Write(all) : index < list.Count
            ? FlowText.Write(list[index])
            : throw new InvalidInputException($"{action}: {text} has {list.Count} values for {action.Models.Count} models");
    }
}
