using LamdAgent.Domain;
using LamdAgent.Domain.Configuration;
using LamdAgent.Domain.Pipelines;

namespace LamdAgent.Standalone.Runs;

/// <summary>Puts other models and datasets in the place of a recipe's own.</summary>
internal static class ReplayInputs
{
    public static PipelineRecipe Replace(PipelineRecipe recipe, string? baseModel, IReadOnlyList<string> models, IReadOnlyList<string> datasets)
    {
        var startModels = recipe.Models.ToList();
        if (baseModel is not null)
        {
            startModels[0] = Other(startModels[0], baseModel, isFolder: true);
        }

        foreach (var (name, path) in models.Select(Split))
        {
            var index = startModels.FindIndex(model => model.Name == name || model.Id == name);
            startModels[index >= 0 ? index : throw Unknown("--model", name, startModels.Select(model => model.Name))] = Other(startModels[index], path, isFolder: true);
        }

        var data = recipe.Datasets.ToList();
        foreach (var (name, path) in datasets.Select(Split))
        {
            var index = data.FindIndex(dataset => dataset.Id == name);
            data[index >= 0 ? index : throw Unknown("--dataset", name, data.Select(dataset => dataset.Id))] = Other(data[index], path, isFolder: false);
        }

        return recipe with { Models = startModels, Datasets = data };
    }

    // Another input: nothing is known about its content, and nothing made from it can be compared.
    private static PipelineInput Other(PipelineInput input, string path, bool isFolder) =>
        (isFolder ? Directory.Exists(path) : File.Exists(path))
            ? input with { Path = Path.GetFullPath(path), Digest = null }
            : throw new InvalidInputException(path, null, isFolder ? "no such folder" : "no such file");

    private static (string Name, string Path) Split(string text) =>
        text.IndexOf('=', StringComparison.Ordinal) is > 0 and var at && at < text.Length - 1
            ? (text[..at], text[(at + 1)..])
            : throw new InvalidInputException($"'{text}' should be written NAME=PATH");

    private static InvalidInputException Unknown(string option, string name, IEnumerable<string> known) =>
        new($"{option}: the recipe has no '{name}'{NearestWord.Hint(name, [.. known])}");
}
