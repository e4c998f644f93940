namespace LamdAgent.Planner.Searches;

/// <summary>A model whose weights go.</summary>
/// <param name="Model">Its id; null for a folder that no record names (a second copy that a race left behind, checkpoints of a step that was given up).</param>
/// <param name="Artifact">Name of its folder in the artifact store.</param>
/// <param name="Bytes">What the folder holds.</param>
/// <param name="Score">Its validation score; null without.</param>
public sealed record PrunedModel(string? Model, string Artifact, long Bytes, double? Score);
