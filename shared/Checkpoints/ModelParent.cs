namespace LamdAgent.Checkpoints;

/// <summary>A model that another was made from.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Digest">Its <see cref="ModelManifest.Digest"/>; null when it was not known.</param>
public sealed record ModelParent(string Id, string? Digest);
