using LamdAgent.Domain.Actions;

namespace LamdAgent.Domain.Pipelines;

/// <summary>One action of a pipeline.</summary>
/// <param name="Output">Id of the model that it makes; later steps name it.</param>
/// <param name="Action">The action.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Digest">Digest of the model that the search made; a replay on the same inputs must come to the same. Null when unknown.</param>
public sealed record PipelineStep(string Output, PipelineAction Action, long Seed, string? Digest);
