namespace LamdAgent.Domain.Pipelines;

/// <summary>A model or dataset that a pipeline starts from.</summary>
/// <param name="Id">The id that the steps use.</param>
/// <param name="Path">Absolute path.</param>
/// <param name="Digest">Content digest at the time of the search; null when unknown.</param>
/// <param name="Name">For models the person's name in the spec (<c>--model NAME=PATH</c> replaces it); for datasets the id again.</param>
/// <param name="Format">Row format of a dataset; null for models.</param>
public sealed record PipelineInput(string Id, string Path, string? Digest, string Name, string? Format = null);
