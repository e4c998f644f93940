namespace LamdAgent.Tokenization.Templates;

/// <summary>What one rendering may use. Templates come with downloaded models, so they get no more than a chat needs.</summary>
/// <param name="Steps">Expressions and statements evaluated, and 64 characters of text made count as one.</param>
/// <param name="OutputLength">UTF-16 units of output.</param>
/// <param name="Depth">Nested calls, blocks and expressions.</param>
public sealed record TemplateLimits(long Steps = 20_000_000, int OutputLength = 32 * 1024 * 1024, int Depth = 1_000);
