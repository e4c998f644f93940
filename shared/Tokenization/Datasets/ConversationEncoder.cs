using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Tokenization.Templates;

namespace LamdAgent.Tokenization.Datasets;

/// <summary>Conversations as text with the ranges that train, written by the model's chat template.</summary>
internal sealed class ConversationEncoder(Tokenizer tokenizer, DatasetOptions options)
{
    private readonly ChatTemplate template = options.ChatTemplate ?? tokenizer.ChatTemplate ?? throw ChatTemplate.Missing(tokenizer.Folder);

    public static ChatRequest Request(RowFields row, JsonElement messages)
    {
        var request = new ChatRequest(messages) { Tools = row.Optional("tools"), Documents = row.Optional("documents") };
        return row.Optional("chat_template_kwargs") is not { } variables ? request
            : variables.ValueKind == JsonValueKind.Object ? request with { Variables = variables.EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value) }
            : throw RowFields.Bad("'chat_template_kwargs' is an object");
    }

    public string Render(ChatRequest request) => Rendering(() => template.Render(request));

    /// <summary>The text of a conversation and the ranges of it that train.</summary>
    public (string Text, IReadOnlyList<(int Start, int End)> Trained) Write(ChatRequest request)
    {
        var rendered = Rendering(() => template.RenderMarked(request));
        if (!options.AssistantOnlyLoss)
        {
            return (rendered.Text, [(0, rendered.Text.Length)]);
        }

        var roles = request.Messages.EnumerateArray().Select(message => message.GetProperty("role").GetString()).ToList();
        var turns = Enumerable.Range(0, roles.Count).Where(i => roles[i] == "assistant").ToList();
        if (turns.Count == 0)
        {
            throw new RowProblemException(DatasetProblemKind.TrainsNothing, "no message has the role 'assistant', so nothing would train");
        }

        var last = options.AssistantTurns == AssistantTurns.Last;
        if (rendered.Generated.Count > 0 || template.MarksGeneration(request.Tools is not null))
        {
            return (rendered.Text, last ? [.. rendered.Generated.TakeLast(1)] : rendered.Generated);
        }

        return (rendered.Text, [.. (last ? turns.TakeLast(1) : turns).Select(turn => Find(request, rendered.Text, turn, roles.Count))]);
    }

    /// <summary>The text of a prompt and its answer; the answer trains.</summary>
    public (string Text, IReadOnlyList<(int Start, int End)> Trained) Write(ChatRequest prompt, JsonElement answer)
    {
        var before = Render(prompt with { AddGenerationPrompt = true });
        var all = prompt.Messages.EnumerateArray().Concat(answer.EnumerateArray());
        var text = Render(prompt with { Messages = JsonSerializer.SerializeToElement(all) });
        return text.StartsWith(before, StringComparison.Ordinal)
            ? (text, [(options.CompletionOnlyLoss ? before.Length : 0, text.Length)])
            : throw NotFound("the prompt with its generation prompt is not how the whole conversation begins");
    }

    // A turn is what comes after the text that the model is given to answer, up to the text of the conversation with the answer.
    private (int Start, int End) Find(ChatRequest request, string text, int turn, int count)
    {
        string before, after;
        try
        {
            before = template.Render(request.Take(turn) with { AddGenerationPrompt = true });
            after = turn == count - 1 ? text : template.Render(request.Take(turn + 1));
        }
        catch (InvalidInputException e)
        {
            throw NotFound($"{e.Message}, for the messages before message {turn + 1} alone");
        }

        if (!text.StartsWith(before, StringComparison.Ordinal))
        {
            throw NotFound($"the text up to message {turn + 1} with the generation prompt is not how the whole conversation begins");
        }

        return text.StartsWith(after, StringComparison.Ordinal)
            ? (before.Length, after.Length)
            : throw NotFound($"message {turn + 1} is written differently when more messages follow; train on the last turn only (assistant_turns: last)");
    }

    private static RowProblemException NotFound(string message) =>
        new(DatasetProblemKind.TurnsNotFound, $"the assistant's turns cannot be told from the rest: {message} (or give a chat template with {{% generation %}} blocks)");

    private static T Rendering<T>(Func<T> render)
    {
        try
        {
            return render();
        }
        catch (InvalidInputException e) when (e.InnerException is not ChatTemplateException { Kind: ChatTemplateError.Syntax })
        {
            throw new RowProblemException(DatasetProblemKind.TemplateFailed, e.Message);
        }
    }
}
