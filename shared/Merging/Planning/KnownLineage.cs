using LamdAgent.Checkpoints;
using LamdAgent.Domain;

namespace LamdAgent.Merging.Planning;

/// <summary>
/// What the lamd.json files of a merge's models tell about their descent, by content. Names do not count: two searches both have an <c>m-0001</c>.
/// </summary>
internal static class KnownLineage
{
    /// <summary>A model that is known not to descend from the base, in a sentence; null when there is none. A descent that is not recorded to its root is unknown, and so no reason.</summary>
    /// <param name="baseModel">The base.</param>
    /// <param name="models">The models whose differences to it are to be taken.</param>
    /// <param name="digestOf">Digest of a model's content.</param>
    public static string? FindStranger(InputModel baseModel, IReadOnlyList<InputModel> models, Func<InputModel, string> digestOf)
    {
        var recorded = models.Where(m => m.Manifest is { Files.Count: > 0 }).DistinctBy(m => m.Manifest!.Digest).ToDictionary(m => m.Manifest!.Digest, m => m.Manifest!, StringComparer.Ordinal);
        foreach (var model in models)
        {
            if (model != baseModel && model.Manifest is { } manifest && Ancestors(manifest, recorded) is { } ancestors && !ancestors.Contains(digestOf(baseModel)))
            {
                return $"{model.Reference} does not descend from base_model {baseModel.Reference}: its {ModelManifest.FileName} says that it was made from {string.Join(", ", manifest.Parents.Select(p => $"{p.Id} ({p.Digest![..12]})"))}, "
                    + $"and {baseModel.Reference} is {digestOf(baseModel)[..12]}. Differences to it are not what the model learned; name the true base, or --ignore-lineage if it is the same model saved anew";
            }
        }

        return null;
    }

    /// <summary>Whether a model carries the adapter that was trained on the base and nothing else.</summary>
    public static bool IsAdapterOf(InputModel model, InputModel baseModel, Func<InputModel, string> digestOf) =>
        CarriedAdapter.Find(model.Folder) is not null && model.Manifest is { Parents: [{ Digest: { } parent }] } && parent == digestOf(baseModel);

    // The model's own digest and those of all its ancestors; null when some of them are unknown.
    private static HashSet<string>? Ancestors(ModelManifest manifest, Dictionary<string, ModelManifest> recorded)
    {
        if (manifest.Base is null || manifest.Parents.Count == 0)
        {
            return null;
        }

        var found = new HashSet<string>(StringComparer.Ordinal) { manifest.Digest };
        foreach (var parent in manifest.Parents)
        {
            if (parent.Digest is null)
            {
                return null;
            }

            found.Add(parent.Digest);
            if (parent.Id == manifest.Base)
            {
                continue;
            }

            if (!recorded.TryGetValue(parent.Digest, out var further) || Ancestors(further, recorded) is not { } older)
            {
                return null;
            }

            found.UnionWith(older);
        }

        return found;
    }
}
