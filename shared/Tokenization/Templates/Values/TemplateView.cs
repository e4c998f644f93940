namespace LamdAgent.Tokenization.Templates.Values;

/// <summary>What <c>items()</c>, <c>keys()</c>, <c>values()</c> and <c>range()</c> give: items with a form of their own when printed.</summary>
/// <param name="Type">Python's name of the type.</param>
/// <param name="Items">The items.</param>
/// <param name="Text">How it prints; null: the type with its items.</param>
internal sealed record TemplateView(string Type, IReadOnlyList<object> Items, string? Text = null);
