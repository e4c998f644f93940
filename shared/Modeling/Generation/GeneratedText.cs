namespace LamdAgent.Modeling.Generation;

/// <summary>A continuation.</summary>
/// <param name="Ids">The new tokens; the last one is a stop token when <paramref name="Stopped"/>.</param>
/// <param name="Stopped">Whether a stop token ended it; otherwise it was cut at the limit.</param>
public sealed record GeneratedText(IReadOnlyList<int> Ids, bool Stopped);
