namespace LamdAgent.Tokenization.Templates;

/// <summary>A written conversation.</summary>
/// <param name="Text">It carries its own beginning token: encode it without adding special tokens.</param>
/// <param name="Generated">The ranges (UTF-16) that the template's generation blocks mark as the assistant's; empty when it has none.</param>
public sealed record RenderedChat(string Text, IReadOnlyList<(int Start, int End)> Generated);
