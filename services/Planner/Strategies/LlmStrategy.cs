using System.Text.Json;
using LamdAgent.Domain.Actions;
using LamdAgent.Domain.Planning;
using LamdAgent.Domain.Specs;
using LamdAgent.Planner.Agent;
using LamdAgent.Planner.Searches;
using LamdAgent.Storage;
using Microsoft.Extensions.Logging;

namespace LamdAgent.Planner.Strategies;

/// <summary>
/// The agent of LaMDAgent (arXiv 2505.21963, section 3): memory update, then selection in two stages, first the action type, then all its objects in one answer. It can only
/// name enumerated ids. Whatever goes wrong, the step is decided: an unusable answer is asked again with the error, at most <c>attempts</c> times in all; after that, or when the endpoint gives none, a
/// random action is taken for this step and the ledger says so. Every question and answer is kept, and a restart reads them instead of asking twice.
/// </summary>
public sealed class LlmStrategy(IRunStore store, IChatModel model, LlmSpec spec, TimeProvider clock, ILogger logger) : IStrategy
{
    private const int MemorySentences = 8;
    private const int MemoryLimit = 4000;

    /// <inheritdoc />
    public async Task<StrategyChoice?> ChooseAsync(LedgerView view, CancellationToken cancellation)
    {
        var open = view.Spec.Actions.Where(t => view.Space.Enumerate(t).Any(view.IsNew)).ToList();
        if (open.Count == 0)
        {
            return null;
        }

        string why;
        try
        {
            var conversation = await AgentConversation.OpenAsync(store, model, spec, clock, view, cancellation);
            var memory = await UpdateMemoryAsync(conversation, view, cancellation);
            var type = open.Count == 1 ? open[0] : await AskTypeAsync(conversation, view, open, memory, cancellation);
            return new StrategyChoice(await AskObjectsAsync(conversation, view, type, memory, cancellation), "llm");
        }
        catch (AgentFailedException e)
        {
            why = e.Message;
        }

        logger.LogWarning("Search {SearchId}, {StepId}: the agent gave no action ({Why}); a random one is taken for this step", view.SearchId, view.StepId, why);
        return RandomStrategy.Choose(view, "llm-fallback") is { } action ? new StrategyChoice(action, $"llm fallback (random): {why}") : null;
    }

    /// <summary>The memory for this step: written by the model from the old one and the results since; the old one when there are none.</summary>
    private async Task<string> UpdateMemoryAsync(AgentConversation conversation, LedgerView view, CancellationToken cancellation)
    {
        var entries = await store.ListMemoryAsync(view.SearchId, cancellation);
        if (entries.FirstOrDefault(m => m.StepId == view.StepId) is { } present)
        {
            return present.Text;
        }

        var last = entries.Where(m => string.CompareOrdinal(m.StepId, view.StepId) < 0 || m.StepId.Length < view.StepId.Length).MaxBy(m => m.SeenSteps);
        var news = view.Seen.Where(s => s.Number > (last?.SeenSteps ?? 0)).ToList();
        if (news.Count == 0)
        {
            return last?.Text ?? "";
        }

        var values = PromptValues.Common(view, last?.Text ?? "");
        values["results"] = PromptValues.Results(view, news);
        values["sentences"] = MemorySentences.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var text = await conversation.AskAsync<string>(PlannerCallPurpose.Memory, "memory", values, answer =>
            AgentAnswer.Find(answer, "memory") is { } json && AgentAnswer.Text(json, "memory") is { Length: > 0 } memory
                ? (memory.Length <= MemoryLimit ? memory : memory[..MemoryLimit], null)
                : (null, """the answer has no JSON object {"memory": "..."}"""), cancellation);
        await store.InsertMemoryAsync(
            new MemoryEntry { SearchId = view.SearchId, StepId = view.StepId, Text = text, SeenSteps = news[^1].Number, CreatedAt = clock.GetUtcNow() }, cancellation);
        return text;
    }

    private static Task<ActionSpec> AskTypeAsync(
        AgentConversation conversation, LedgerView view, IReadOnlyList<ActionSpec> open, string memory, CancellationToken cancellation)
    {
        var names = string.Join(", ", open.Select(t => t.Type));
        var values = PromptValues.Common(view, memory);
        values["types"] = PromptValues.Types(view, open);
        values["type_names"] = names;
        return conversation.AskAsync<ActionSpec>(PlannerCallPurpose.ActionType, "action-type", values, answer =>
        {
            if (AgentAnswer.Find(answer, "action") is not { } json || AgentAnswer.Text(json, "action") is not { } name)
            {
                return (null, """the answer has no JSON object {"reason": "...", "action": "..."}""");
            }

            var type = open.FirstOrDefault(t => string.Equals(t.Type, name, StringComparison.OrdinalIgnoreCase));
            return type is null ? (null, $"unknown action type {Quote(name)}; choose one of {names}") : (type, null);
        }, cancellation);
    }

    private static Task<PipelineAction> AskObjectsAsync(
        AgentConversation conversation, LedgerView view, ActionSpec type, string memory, CancellationToken cancellation)
    {
        var values = PromptValues.Common(view, memory);
        values["type"] = type.Type;
        values["type_description"] = $"{type.Type}: {type.Description}.";
        values["objects"] = PromptValues.Objects(view, type);
        values["answer_form"] = PromptValues.AnswerForm(type);
        return conversation.AskAsync<PipelineAction>(PlannerCallPurpose.Objects, "objects", values, answer =>
        {
            var attempt = ReadObjects(answer, view, type);
            if (attempt.Action is { } action && view.SameWork(action) is { } done)
            {
                return (null, $"this was done already in {done.Id}; choose a combination that is new");
            }

            return (attempt.Action, attempt.Error);
        }, cancellation);
    }

    private static ActionAttempt ReadObjects(string answer, LedgerView view, ActionSpec type)
    {
        var isMerge = type.Kind == ActionKind.Merge;
        if (AgentAnswer.Find(answer, isMerge ? "models" : "model") is not { } json)
        {
            return ActionAttempt.Invalid($"the answer has no JSON object {PromptValues.AnswerForm(type)}");
        }

        // With one set there is nothing to choose.
        var parameters = AgentAnswer.Text(json, "parameters") ?? (type.ParameterSets.Count == 1 ? type.ParameterSets[0].Id : null);
        if (parameters is null)
        {
            return ActionAttempt.Invalid("\"parameters\" is missing; give one hyper-parameter id as text");
        }

        if (isMerge)
        {
            return AgentAnswer.Texts(json, "models") is { } models
                ? Cut(view.Space.TryMerge(type, models, parameters))
                : ActionAttempt.Invalid("\"models\" must be a list of model ids");
        }

        return AgentAnswer.Text(json, "model") is { } model && AgentAnswer.Text(json, "dataset") is { } dataset
            ? Cut(view.Space.TryTraining(type, model, dataset, parameters))
            : ActionAttempt.Invalid("\"model\" and \"dataset\" must each be one id");
    }

    /// <summary>An answer of nonsense must not come back as a prompt of nonsense.</summary>
    private static ActionAttempt Cut(ActionAttempt attempt) => attempt.Error is { Length: > 600 } error ? ActionAttempt.Invalid(error[..600]) : attempt;

    private static string Quote(string text) => JsonSerializer.Serialize(text.Length <= 60 ? text : text[..60]);
}
