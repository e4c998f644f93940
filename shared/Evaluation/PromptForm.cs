using System.Text.Json;
using LamdAgent.Domain.Configuration;
using LamdAgent.Evaluation.Data;

namespace LamdAgent.Evaluation;

/// <summary>
/// How a row becomes a prompt. Either <c>messages: PATH</c> (with <c>tools: PATH</c>): the row holds the conversation, and the model's chat template
/// renders it. Or <c>text: TEMPLATE</c> with <c>target: TEMPLATE</c> for few-shot blocks; <c>chat: true</c> sends that text as one user message
/// (after <c>system</c>, if given). Without a prompt form the row's <c>messages</c> and <c>tools</c> are used.
/// </summary>
public sealed class PromptForm
{
    /// <summary>Path of the messages in the row; null for the text form.</summary>
    public string? Messages { get; private init; }

    /// <summary>Path of the function schemas in the row; a row may lack them.</summary>
    public string? Tools { get; private init; }

    /// <summary>The question.</summary>
    public TextTemplate? Text { get; private init; }

    /// <summary>The answer, as shown in few-shot blocks.</summary>
    public TextTemplate? Target { get; private init; }

    /// <summary>Between question and answer of a few-shot block, and before each choice of a multiple-choice question; one blank.</summary>
    public string TargetDelimiter { get; private init; } = " ";

    /// <summary>After each few-shot block; an empty line.</summary>
    public string FewshotDelimiter { get; private init; } = "\n\n";

    /// <summary>Whether the text goes through the model's chat template as a user message.</summary>
    public bool Chat { get; private init; }

    /// <summary>System message for <see cref="Chat"/>.</summary>
    public string? System { get; private init; }

    /// <summary>The form of rows that a <see cref="RowForms">row form</see> has prepared: their <c>query</c> and <c>target</c>.</summary>
    internal static PromptForm Common { get; } = new() { Text = TextTemplate.Field("query"), Target = TextTemplate.Field("target") };

    /// <summary>Reads the form.</summary>
    /// <param name="mapping">The task file's <c>prompt</c>, or null.</param>
    /// <param name="prepared">Whether the rows go through a row form; then <c>text</c> and <c>target</c> have defaults.</param>
    public static PromptForm Read(ConfigMapping? mapping, bool prepared = false)
    {
        if (mapping is null)
        {
            return prepared ? Common : new PromptForm { Messages = "messages", Tools = "tools" };
        }

        var text = mapping.Optional("text");
        var messages = mapping.Optional("messages");
        if ((text is null) == (messages is null) && !(prepared && text is null))
        {
            throw mapping.Error("give either 'text' or 'messages'");
        }

        var form = messages is not null
            ? new PromptForm { Messages = messages.AsString(), Tools = mapping.Optional("tools")?.AsString() }
            : new PromptForm
            {
                Text = text is not null ? TextTemplate.Parse(text) : Common.Text,
                Target = mapping.Optional("target") is { } target ? TextTemplate.Parse(target) : prepared ? Common.Target : null,
                TargetDelimiter = mapping.Optional("target_delimiter")?.AsString() ?? " ",
                FewshotDelimiter = mapping.Optional("fewshot_delimiter")?.AsString() ?? "\n\n",
                Chat = mapping.Optional("chat")?.AsBool() ?? false,
                System = mapping.Optional("system")?.AsString(),
            };
        if (form.System is not null && !form.Chat)
        {
            throw mapping.Error("'system' needs 'chat: true'");
        }

        mapping.RejectUnknownKeys();
        return form;
    }

    /// <summary>The prompt for a row.</summary>
    /// <param name="row">The row.</param>
    /// <param name="shots">Rows to show with their answers before it.</param>
    /// <exception cref="Domain.InvalidInputException">The row lacks what the form needs.</exception>
    public ModelPrompt Render(JsonElement row, IReadOnlyList<JsonElement> shots)
    {
        if (Messages is not null)
        {
            var messages = row.RequiredList(Messages);
            if (messages.Count == 0 || messages[^1].At("role")?.GetString() is not { } role || role == "assistant")
            {
                throw new Domain.InvalidInputException($"'{Messages}' must end with what the model is to answer, not with nothing or an assistant turn");
            }

            return ModelPrompt.FromMessages(row.Required(Messages), Tools is null ? null : row.At(Tools));
        }

        var text = string.Concat(shots.Select(shot => Text!.Render(shot) + TargetDelimiter + Target!.Render(shot) + FewshotDelimiter)) + Text!.Render(row);
        if (!Chat)
        {
            return ModelPrompt.FromText(text);
        }

        var user = new { role = "user", content = text };
        return ModelPrompt.FromMessages(System is null
            ? JsonSerializer.SerializeToElement(new[] { user })
            : JsonSerializer.SerializeToElement(new[] { new { role = "system", content = System }, user }));
    }
}
