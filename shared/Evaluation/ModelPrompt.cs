using System.Text.Json;

namespace LamdAgent.Evaluation;

/// <summary>What a model is shown: either plain text, or messages that the model's own chat template turns into text.</summary>
public sealed record ModelPrompt
{
    private ModelPrompt(string? text, JsonElement? messages, JsonElement? tools)
    {
        Text = text;
        Messages = messages;
        Tools = tools;
    }

    /// <summary>The text, tokenised with the tokenizer's own special tokens (a leading BOS where it has one); null for messages.</summary>
    public string? Text { get; }

    /// <summary>A JSON array of <c>{"role", "content", ...}</c>, rendered with a generation prompt and tokenised without adding specials; null for text.</summary>
    public JsonElement? Messages { get; }

    /// <summary>A JSON array of function schemas for the chat template, or null.</summary>
    public JsonElement? Tools { get; }

    /// <summary>A text prompt.</summary>
    public static ModelPrompt FromText(string text) => new(text, null, null);

    /// <summary>A chat prompt.</summary>
    public static ModelPrompt FromMessages(JsonElement messages, JsonElement? tools = null) => new(null, messages, tools);

    /// <summary>The prompt as it is kept with the samples: a string, or <c>{"messages", "tools"}</c>.</summary>
    public JsonElement ToJson() => Text is not null
        ? JsonSerializer.SerializeToElement(Text)
        : Tools is null
            ? JsonSerializer.SerializeToElement(new Dictionary<string, JsonElement> { ["messages"] = Messages!.Value })
            : JsonSerializer.SerializeToElement(new Dictionary<string, JsonElement> { ["messages"] = Messages!.Value, ["tools"] = Tools.Value });
}
