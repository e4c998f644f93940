namespace LamdAgent.Domain.Specs;

/// <summary>Row formats of datasets and which of them a training method can use.</summary>
public static class DatasetFormats
{
    /// <summary>Chat turns: <c>{"messages": [...]}</c>.</summary>
    public const string Messages = "messages";

    /// <summary><c>{"prompt": ..., "completion": ...}</c>.</summary>
    public const string PromptCompletion = "prompt_completion";

    /// <summary><c>{"text": ...}</c>.</summary>
    public const string Text = "text";

    /// <summary><c>{"input_ids": [...], "completion_mask": [...]}</c>.</summary>
    public const string Tokens = "tokens";

    /// <summary><c>{"prompt": ..., "chosen": ..., "rejected": ...}</c>.</summary>
    public const string Preference = "preference";

    /// <summary><c>{"prompt": ..., "completion": ..., "label": true}</c>.</summary>
    public const string UnpairedPreference = "unpaired_preference";

    /// <summary>Prompts with what a grader needs, for training on rewards.</summary>
    public const string Prompt = "prompt";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Messages, PromptCompletion, Text, Tokens, Preference, UnpairedPreference, Prompt];
}
