using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Steps;

namespace LamdAgent.Domain.Models;

/// <summary>What is known about a model of a search; the weights lie in the artifact store under <see cref="Artifact"/>.</summary>
public sealed record ModelRecord
{
    /// <summary>The search it belongs to.</summary>
    public required string SearchId { get; init; }

    /// <summary>Neutral id, unique in the search: <c>m-0007</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The step that made it; null for a model the search started from.</summary>
    public string? StepId { get; init; }

    /// <summary>The models it was made from; for a starting model the one that the spec declares as its <c>base</c>.</summary>
    public IReadOnlyList<string> Parents { get; init; } = [];

    /// <summary>The action that made it; null for a starting model.</summary>
    public PipelineAction? Action { get; init; }

    /// <summary>The seed it was made with.</summary>
    public long? Seed { get; init; }

    /// <summary>Digest of the whole folder's content (<c>sha256</c>, hexadecimal).</summary>
    public required string Digest { get; init; }

    /// <summary>Digests of the datasets it was trained on, by dataset id.</summary>
    public IReadOnlyDictionary<string, string> DataDigests { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Where the folder is: a name in the artifact store, or an absolute path for a starting model.</summary>
    public required string Artifact { get; init; }

    /// <summary>Size of the folder, when known.</summary>
    public long? Bytes { get; init; }

    /// <summary>When its weights were given up to make room; null while they are kept. The model can be made again from its recipe.</summary>
    public DateTimeOffset? PrunedAt { get; init; }

    /// <summary>When it was recorded.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>
    /// The record of the model that a step made, derived from the step alone: whoever writes it (the worker after its result was accepted, or the planner's sweep when the
    /// worker died in between) writes the same.
    /// </summary>
    /// <exception cref="InvalidOperationException">The step has no product.</exception>
    public static ModelRecord FromStep(StepRecord step, IReadOnlyList<DatasetInput> datasets)
    {
        var product = step.Product ?? throw new InvalidOperationException($"step {step.SearchId}/{step.Id} has not produced a model");
        return new ModelRecord
        {
            SearchId = step.SearchId,
            Id = step.ModelId,
            StepId = step.Id,
            Parents = step.Action.Models,
            Action = step.Action,
            Seed = step.Seed,
            Digest = product.Digest,
            DataDigests = step.Action.Datasets.ToDictionary(id => id, id => datasets.First(d => d.Id == id).Digest, StringComparer.Ordinal),
            Artifact = product.Artifact,
            Bytes = product.Bytes,
            CreatedAt = step.ProducedAt ?? step.PlannedAt,
        };
    }
}
