using System.Text.Json;

namespace LamdAgent.Tokenization.Templates;

/// <summary>A conversation to be written by a chat template.</summary>
/// <param name="Messages">A list of objects with <c>role</c>, <c>content</c> and whatever else the template reads (<c>tool_calls</c>, <c>name</c> ...).</param>
public sealed record ChatRequest(JsonElement Messages)
{
    private static readonly Dictionary<string, JsonElement> NoVariables = [];

    /// <summary>The tools on offer; null when there are none (an empty list is not the same to a template).</summary>
    public JsonElement? Tools { get; init; }

    /// <summary>Documents for templates that take them.</summary>
    public JsonElement? Documents { get; init; }

    /// <summary>End with what comes before an assistant's turn.</summary>
    public bool AddGenerationPrompt { get; init; }

    /// <summary>Further variables of the template, such as <c>enable_thinking</c>.</summary>
    public IReadOnlyDictionary<string, JsonElement> Variables { get; init; } = NoVariables;

    /// <summary>A conversation from roles and texts.</summary>
    public static ChatRequest Of(params (string Role, string Content)[] messages) =>
        new(JsonSerializer.SerializeToElement(messages.Select(static message => new Dictionary<string, string> { ["role"] = message.Role, ["content"] = message.Content })));

    /// <summary>The first messages only.</summary>
    public ChatRequest Take(int count) => this with { Messages = JsonSerializer.SerializeToElement(Messages.EnumerateArray().Take(count)) };
}
