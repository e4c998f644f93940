using System.Text.Json;
using System.Text.Json.Nodes;
using LamdAgent.Checkpoints;
using LamdAgent.Domain.Recipes;

namespace LamdAgent.Modeling.Training;

/// <summary>What makes a run the run that it is: recipe, data and starting model by content. Paths, clocks and how often it is saved do not matter.</summary>
/// <param name="Digest">One digest over everything.</param>
/// <param name="Recipe">The keys of the recipe without paths and without what does not change the result, for lamd.json.</param>
/// <param name="Data">SHA-256 of each data file, by file name.</param>
/// <param name="Model">Digest of the starting model.</param>
internal sealed record RunIdentity(string Digest, JsonObject Recipe, SortedDictionary<string, string> Data, string Model)
{
    public static RunIdentity Of(TrainingRecipe recipe, string modelFolder)
    {
        var digests = new Dictionary<string, string>(StringComparer.Ordinal);
        var data = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var reference in recipe.Data.Train.Concat(recipe.Data.Eval))
        {
            if (!digests.TryGetValue(reference.Path, out var digest))
            {
                digests[reference.Path] = digest = ContentDigest.OfFile(reference.Path);
            }

            // Two files may share a name.
            var name = Path.GetFileName(reference.Path);
            data[data.TryGetValue(name, out var other) && other != digest ? $"{name}-{digest[..8]}" : name] = digest;
        }

        var models = new[] { modelFolder, recipe.RefModel, recipe.Distillation.TeacherModel }.OfType<string>().Concat(recipe.Reinforcement.RewardModels).ToList();
        var pathless = (recipe with
        {
            Model = null,
            RefModel = recipe.RefModel is null ? null : Path.GetFileName(recipe.RefModel),
            Data = recipe.Data with
            {
                Train = [.. recipe.Data.Train.Select(d => d with { Path = Path.GetFileName(d.Path) })],
                Eval = [.. recipe.Data.Eval.Select(d => d with { Path = Path.GetFileName(d.Path) })],
            },
            Distillation = recipe.Distillation with { TeacherModel = recipe.Distillation.TeacherModel is { } t ? Path.GetFileName(t) : null },
            Reinforcement = recipe.Reinforcement with { RewardModels = [.. recipe.Reinforcement.RewardModels.Select(m => Path.GetFileName(m))] },
            Run = recipe.Run with { SaveSeconds = 0, SaveSteps = 0, SaveTotalLimit = 0, MaxMemoryGb = null },
        });
        var modelDigests = models.ConvertAll(ModelDigest);
        var all = ContentDigest.OfText(string.Join('\n', [pathless.ToCanonicalJson(), .. data.Select(d => $"{d.Key} {d.Value}"), .. modelDigests]));
        var keys = pathless.ToKeys();
        foreach (var key in (string[])["save_seconds", "save_steps", "save_total_limit"])
        {
            keys.Remove(key);
        }

        return new RunIdentity(all, keys, data, modelDigests[0]);
    }

    /// <summary>Digest of a model folder's config and weights by content.</summary>
    public static string ModelDigest(string folder) => ModelManifest.DigestOfFolder(folder);

    /// <summary>Recipe, thread count and computing type as they stand in lamd.json.</summary>
    public JsonElement Parameters(int threads, string compute) =>
        JsonSerializer.SerializeToElement(new JsonObject { ["recipe"] = Recipe.DeepClone(), ["threads"] = threads, ["compute"] = compute });
}
