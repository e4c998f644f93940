namespace LamdAgent.Planner.Api;

/// <summary>A spec to be run.</summary>
/// <param name="Spec">The YAML text.</param>
/// <param name="File">Its name, for messages.</param>
/// <param name="Folder">The absolute folder, on the planner's side, that the spec's relative paths start from.</param>
/// <param name="Id">Id of the search; null: the spec's name and the time.</param>
/// <param name="Strategy">Takes the place of the spec's.</param>
/// <param name="Steps">Takes the place of the spec's.</param>
/// <param name="Seed">Takes the place of the spec's.</param>
/// <param name="Priority">Higher is served first.</param>
public sealed record SubmitRequest(string Spec, string File, string Folder, string? Id, string? Strategy, int? Steps, long? Seed, int Priority = 0);
