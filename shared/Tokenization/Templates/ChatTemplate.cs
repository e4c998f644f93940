using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Tokenization.Loading;
using LamdAgent.Tokenization.Templates.Values;

namespace LamdAgent.Tokenization.Templates;

/// <summary>
/// A model's own chat template (Jinja), run by an interpreter of ours: no .NET member can be reached from it, and its steps, output and depth are limited.
/// Renders as transformers' apply_chat_template does. Instances may be used from many threads at once.
/// </summary>
public sealed class ChatTemplate
{
    private const string ContinueTag = "CONTINUE_FINAL_MESSAGE_TAG ";

    private readonly IReadOnlyDictionary<string, string> specialTokens;
    private readonly TemplateLimits limits;
    private readonly TimeProvider clock;
    private readonly Dictionary<string, Lazy<(IReadOnlyList<Statement> Statements, bool HasGeneration)>> parsed = new(StringComparer.Ordinal);
    private readonly IReadOnlyDictionary<string, string> sources;

    /// <param name="sources">Templates by name: <c>default</c>, and <c>tool_use</c> for when tools are given.</param>
    /// <param name="specialTokens">What the template sees as <c>bos_token</c>, <c>eos_token</c> ...</param>
    /// <param name="limits">What one rendering may use.</param>
    /// <param name="clock">The time for templates that write the date (<c>strftime_now</c>).</param>
    public ChatTemplate(IReadOnlyDictionary<string, string> sources, IReadOnlyDictionary<string, string> specialTokens, TemplateLimits? limits = null, TimeProvider? clock = null)
    {
        this.sources = sources;
        this.specialTokens = specialTokens;
        this.limits = limits ?? new TemplateLimits();
        this.clock = clock ?? TimeProvider.System;
        foreach (var (name, source) in sources)
        {
            parsed[name] = new Lazy<(IReadOnlyList<Statement> Statements, bool HasGeneration)>(() => (TemplateParser.Parse(source, out var hasGeneration), hasGeneration));
        }
    }

    /// <summary>sha256 of the templates, in lower-case hex: kept with a model, so that training and evaluation can be seen to use the same one.</summary>
    public string Digest => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', sources.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => pair.Key + "\0" + pair.Value)))));

    /// <summary>Whether the template (the one for tools, if there is one and tools are given) marks the assistant's text with generation blocks.</summary>
    public bool MarksGeneration(bool withTools) => Guarded(() => Choose(withTools).HasGeneration);

    /// <summary>A template from its source.</summary>
    public static ChatTemplate Parse(string source, IReadOnlyDictionary<string, string>? specialTokens = null, TemplateLimits? limits = null) =>
        new(new Dictionary<string, string> { ["default"] = source }, specialTokens ?? new Dictionary<string, string>(), limits);

    /// <summary>The template of a model folder.</summary>
    /// <exception cref="InvalidInputException">The folder has none.</exception>
    public static ChatTemplate Load(string folder)
    {
        var config = TokenizerConfig.Read(folder);
        return config.ChatTemplates.Count > 0 ? new ChatTemplate(config.ChatTemplates, config.SpecialTokens) : throw Missing(folder);
    }

    /// <summary>The text of a conversation.</summary>
    /// <exception cref="InvalidInputException">The template fails; the inner exception is a <see cref="ChatTemplateException"/> that says how.</exception>
    public string Render(ChatRequest request) => RenderMarked(request).Text;

    /// <summary>The text of a conversation, from its parts.</summary>
    public string Render(JsonElement messages, JsonElement? tools, bool addGenerationPrompt, IReadOnlyDictionary<string, JsonElement>? variables = null)
    {
        var request = new ChatRequest(messages) { Tools = tools, AddGenerationPrompt = addGenerationPrompt };
        return Render(variables is null ? request : request with { Variables = variables });
    }

    /// <summary>The text of a conversation and where the assistant's text is in it, if the template marks that.</summary>
    public RenderedChat RenderMarked(ChatRequest request) => Guarded(() => Run(request, PythonJson.FromJson(request.Messages)));

    /// <summary>The text of a conversation up to the end of its last message, open to be continued (continue_final_message of transformers).</summary>
    public string RenderContinuing(ChatRequest request) => Guarded(() =>
    {
        if (PythonJson.FromJson(request.Messages) is not List<object> { Count: > 0 } messages || messages[^1] is not TemplateDict last || !last.TryGet("content", out var content))
        {
            throw new ChatTemplateException(ChatTemplateError.Type, "there is no last message with content to be continued");
        }

        var final = AddTag(last, content);
        var text = Run(request with { AddGenerationPrompt = false }, messages).Text;
        var at = text.LastIndexOf(ContinueTag.TrimEnd(), StringComparison.Ordinal);
        if (at < 0 || !text.Contains(StringMethods.Strip(final, null, true, true), StringComparison.Ordinal))
        {
            throw new ChatTemplateException(ChatTemplateError.Type, "the last message does not appear in the written chat, so it cannot be continued");
        }

        return text.AsSpan(at).StartsWith(ContinueTag) ? text[..at] : StringMethods.Strip(text[..at], null, false, true);
    });

    internal static InvalidInputException Missing(string folder) => new(folder, null, "the model has no chat template (chat_template in tokenizer_config.json, or chat_template.jinja)");

    private static string AddTag(TemplateDict message, object content)
    {
        if (content is string text)
        {
            message["content"] = text + ContinueTag;
            return text;
        }

        var part = (content as List<object>)?.OfType<TemplateDict>().LastOrDefault(static part => part.TryGet("text", out var inner) && inner is string);
        if (part is null || !part.TryGet("text", out var found))
        {
            throw new ChatTemplateException(ChatTemplateError.Type, "the last message has no text to be continued");
        }

        part["text"] = (string)found + ContinueTag;
        return (string)found;
    }

    private (IReadOnlyList<Statement> Statements, bool HasGeneration) Choose(bool withTools) =>
        withTools && parsed.TryGetValue("tool_use", out var toolUse) ? toolUse.Value
        : parsed.TryGetValue("default", out var usual) ? usual.Value
        : throw new ChatTemplateException(ChatTemplateError.Syntax, $"none of the templates ({string.Join(", ", parsed.Keys)}) is called 'default'");

    private RenderedChat Run(ChatRequest request, object messages)
    {
        var variables = new Dictionary<string, object>(StringComparer.Ordinal);
        foreach (var (name, token) in specialTokens)
        {
            variables[name] = token;
        }

        foreach (var (name, value) in request.Variables)
        {
            variables[name] = PythonJson.FromJson(value);
        }

        variables["messages"] = messages;
        variables["tools"] = request.Tools is { } tools ? PythonJson.FromJson(tools) : None.Value;
        variables["documents"] = request.Documents is { } documents ? PythonJson.FromJson(documents) : None.Value;
        variables["add_generation_prompt"] = request.AddGenerationPrompt;
        var interpreter = new TemplateInterpreter(
            limits,
            [
                KeyValuePair.Create<string, object>("raise_exception", new TemplateFunction("raise_exception", static call => throw new ChatTemplateException(ChatTemplateError.RaisedException, PythonText.Str(call.Required("message"))))),
                KeyValuePair.Create<string, object>("strftime_now", new TemplateFunction("strftime_now", call => TemplateClock.Format(clock.GetLocalNow(), call.Text("format")))),
            ],
            variables);
        var text = interpreter.Render(Choose(variables["tools"] is not None).Statements);
        return new RenderedChat(text, interpreter.Generated);
    }

    private static T Guarded<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (ChatTemplateException e)
        {
            throw new InvalidInputException($"the chat template: {e.Message}", e);
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidInputException("the chat holds a text with half a surrogate pair", e);
        }
    }
}
