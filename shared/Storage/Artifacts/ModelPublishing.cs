using System.Text.Json;
using LamdAgent.Checkpoints;
using LamdAgent.Domain;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Storage.Artifacts;

/// <summary>The last step of every training and merge: the manifest is written and the draft becomes an artifact.</summary>
public static class ModelPublishing
{
    /// <summary>Kind of artifact, and name of the folder that holds the models.</summary>
    public const string Models = "models";

    /// <summary>A draft for the model that a step makes.</summary>
    public static string NewModelDraft(this IArtifactStore artifacts, StepRecord step) => artifacts.NewDraft(artifacts.NameOf(step.SearchId, Models, step.ModelId));

    /// <summary>Writes <c>lamd.json</c> into the draft and publishes it.</summary>
    /// <param name="artifacts">The store.</param>
    /// <param name="draft">What <see cref="NewModelDraft"/> gave, now a complete model folder.</param>
    /// <param name="search">The search.</param>
    /// <param name="step">The step that made it.</param>
    /// <param name="inputs">The models it was made from, the base of a merge among them.</param>
    /// <param name="baseModel">The starting model that it descends from.</param>
    /// <param name="cancellation">Stops before anything is published.</param>
    public static async Task<ProducedModel> PublishModelAsync(
        this IArtifactStore artifacts,
        string draft,
        SearchRecord search,
        StepRecord step,
        IReadOnlyList<ModelRecord> inputs,
        string? baseModel,
        CancellationToken cancellation)
    {
        File.Delete(Path.Combine(draft, ModelManifest.FileName)); // a library's own says less
        var manifest = new ModelManifest
        {
            Id = step.ModelId,
            Parents = [.. inputs.Select(model => new ModelParent(model.Id, model.Digest))],
            Action = step.Action.Type,
            Parameters = JsonSerializer.SerializeToElement(step.Action, DomainJson.Options),
            Seed = step.Seed,
            Base = baseModel,
            Data = new SortedDictionary<string, string>(
                step.Action.Datasets.ToDictionary(id => id, id => search.Datasets.First(dataset => dataset.Id == id).Digest, StringComparer.Ordinal), StringComparer.Ordinal),
            Files = ContentDigest.OfFolder(draft),
        };
        manifest.Write(draft);
        var bytes = new DirectoryInfo(draft).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);
        var name = await artifacts.PublishAsync(draft, artifacts.NameOf(step.SearchId, Models, step.ModelId), cancellation);
        return new ProducedModel(manifest.Digest, name, bytes);
    }

    /// <summary>The records of a step's input models; the base of a merge comes last unless it is one of the others.</summary>
    /// <exception cref="InvalidInputException">One is not in the store.</exception>
    public static async Task<IReadOnlyList<ModelRecord>> GetInputModelsAsync(this IRunStore store, StepRecord step, CancellationToken cancellation)
    {
        var ids = step.Action.BaseModel is { } extra && !step.Action.Models.Contains(extra) ? step.Action.Models.Append(extra) : step.Action.Models;
        var models = new List<ModelRecord>();
        foreach (var id in ids)
        {
            models.Add(await store.GetModelAsync(step.SearchId, id, cancellation) ?? throw new InvalidInputException($"the model {id} is not in the store"));
        }

        return models;
    }

    /// <summary>Id of the starting model that a model descends from, along its first parents.</summary>
    public static async Task<string> GetRootAsync(this IRunStore store, ModelRecord model, CancellationToken cancellation)
    {
        while (model is { StepId: not null, Parents.Count: > 0 })
        {
            model = await store.GetModelAsync(model.SearchId, model.Parents[0], cancellation) ?? throw new InvalidInputException($"the model {model.Parents[0]} is not in the store");
        }

        return model.Id;
    }
}
