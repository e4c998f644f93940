namespace LamdAgent.Modeling.Generation;

/// <summary>A continuation.</summary>
/// <param name="Ids">The new tokens; the last one is what ended it when <paramref name="Stopped"/>.</param>
/// <param name="Stopped">Whether a stop token or <see cref="GenerationSettings.Ends"/> ended it; otherwise it was cut at the limit.</param>
public sealed record GeneratedText(IReadOnlyList<int> Ids, bool Stopped);
