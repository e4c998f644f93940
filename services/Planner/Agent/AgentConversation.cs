using LamdAgent.Domain.Planning;
using LamdAgent.Domain.Specs;
using LamdAgent.Planner.Searches;
using LamdAgent.Storage;

namespace LamdAgent.Planner.Agent;

/// <summary>
/// The questions that are asked to plan one step: recorded before they are used, asked again with the error when the answer cannot be used, asked later when
/// the endpoint says so, and never beyond the token budget.
/// </summary>
public sealed class AgentConversation
{
    private static readonly TimeSpan FirstBackOff = TimeSpan.FromSeconds(1);
    private readonly IRunStore _store;
    private readonly IChatModel _model;
    private readonly LlmSpec _spec;
    private readonly TimeProvider _clock;
    private readonly LedgerView _view;
    private readonly IReadOnlyList<PlannerCall> _recorded;
    private long _tokens;

    private AgentConversation(IRunStore store, IChatModel model, LlmSpec spec, TimeProvider clock, LedgerView view, IReadOnlyList<PlannerCall> all)
    {
        _store = store;
        _model = model;
        _spec = spec;
        _clock = clock;
        _view = view;
        _recorded = [.. all.Where(c => c.StepId == view.StepId)];
        _tokens = all.Sum(c => (long)c.PromptTokens + c.CompletionTokens);
    }

    /// <summary>Reads what was asked before.</summary>
    public static async Task<AgentConversation> OpenAsync(
        IRunStore store, IChatModel model, LlmSpec spec, TimeProvider clock, LedgerView view, CancellationToken cancellation) =>
        new(store, model, spec, clock, view, await store.ListPlannerCallsAsync(view.SearchId, null, cancellation));

    /// <summary>Asks until the answer can be used.</summary>
    /// <param name="purpose">What for.</param>
    /// <param name="prompt">Name of the prompt file.</param>
    /// <param name="values">What fills it.</param>
    /// <param name="read">Reads an answer: a value, or what is wrong with it.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="AgentFailedException">The attempts or tokens are used up, or the endpoint gives no answers.</exception>
    public async Task<T> AskAsync<T>(
        PlannerCallPurpose purpose, string prompt, IReadOnlyDictionary<string, string> values, Func<string, (T? Value, string? Error)> read, CancellationToken cancellation)
        where T : class
    {
        var messages = new List<PlannerMessage> { new("system", PromptLibrary.Load("system")), new("user", PromptLibrary.Fill(prompt, values)) };
        var last = "";
        for (var attempt = 1; attempt <= _spec.Attempts; attempt++)
        {
            var (call, failure) = await CallAsync(purpose, attempt, messages, read, cancellation);
            if (call.Error is null)
            {
                return read(call.Answer!).Value!;
            }

            last = call.Error;
            if (call.Answer is not null)
            {
                messages.Add(new PlannerMessage("assistant", call.Answer.Length <= 2000 ? call.Answer : call.Answer[..2000]));
                messages.Add(new PlannerMessage("user", $"That answer cannot be used: {call.Error}. Answer again with one JSON object in the form that was asked for."));
            }
            else if (failure is { IsTransient: false })
            {
                break;
            }
            else if (failure is not null && attempt < _spec.Attempts && !await WaitAsync(failure, attempt, cancellation))
            {
                break;
            }
        }

        throw new AgentFailedException(last);
    }

    private async Task<(PlannerCall Call, ChatModelException? Failure)> CallAsync<T>(
        PlannerCallPurpose purpose, int attempt, IReadOnlyList<PlannerMessage> messages, Func<string, (T? Value, string? Error)> read, CancellationToken cancellation)
        where T : class
    {
        if (_recorded.FirstOrDefault(c => c.Purpose == purpose && c.Attempt == attempt) is { } recorded)
        {
            return (recorded, null);
        }

        if (_view.Spec.Budget.LlmTokens is { } budget && _tokens >= budget)
        {
            throw new AgentFailedException("the token budget is used up");
        }

        string? answer = null;
        string? error;
        ChatModelException? failure = null;
        ChatReply? reply = null;
        var started = _clock.GetTimestamp();
        try
        {
            reply = await _model.CompleteAsync(messages, cancellation);
            answer = reply.Text;
            error = read(answer).Error;
        }
        catch (ChatModelException e)
        {
            failure = e;
            error = e.Message;
        }

        var call = new PlannerCall
        {
            SearchId = _view.SearchId,
            StepId = _view.StepId,
            Purpose = purpose,
            Attempt = attempt,
            PromptVersion = PromptLibrary.Version,
            Model = _spec.Model,
            Messages = [.. messages],
            Answer = answer,
            Error = error,
            PromptTokens = reply is null ? 0 : reply.PromptTokens ?? Estimate(messages.Sum(m => m.Content.Length)),
            CompletionTokens = reply is null ? 0 : reply.CompletionTokens ?? Estimate(reply.Text.Length),
            Seconds = _clock.GetElapsedTime(started).TotalSeconds,
            CreatedAt = _clock.GetUtcNow(),
        };
        _tokens += call.PromptTokens + call.CompletionTokens;
        await _store.InsertPlannerCallAsync(call, cancellation);
        return (call, failure);

        // About four characters of English to a token.
        static int Estimate(int characters) => (characters + 3) / 4;
    }

    /// <summary>Waits as the endpoint asks, or longer each time; false when it asks for more than the spec allows.</summary>
    private async Task<bool> WaitAsync(ChatModelException failure, int attempt, CancellationToken cancellation)
    {
        var wait = failure.RetryAfter ?? FirstBackOff * Math.Pow(2, attempt - 1);
        if (wait > _spec.MaxRetryWait)
        {
            if (failure.RetryAfter is not null)
            {
                return false;
            }

            wait = _spec.MaxRetryWait;
        }

        await Task.Delay(wait, _clock, cancellation);
        return true;
    }
}
