namespace LamdAgent.Tokenization.Templates.Values;

/// <summary>Python's tuple.</summary>
internal sealed record TemplateTuple(IReadOnlyList<object> Items);
