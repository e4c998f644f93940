using System.ClientModel;
using System.ClientModel.Primitives;
using System.Globalization;
using Azure.AI.OpenAI;
using Azure.Identity;
using LamdAgent.Domain;
using LamdAgent.Domain.Planning;
using LamdAgent.Domain.Specs;
using OpenAI;
using OpenAI.Chat;

namespace LamdAgent.Planner.Agent;

/// <summary>An OpenAI-compatible endpoint, or a deployment of Azure OpenAI. The key comes from the environment and is never written anywhere.</summary>
public sealed class OpenAiChatModel : IChatModel
{
    private readonly LlmSpec _spec;
    private readonly ChatClient _client;
    private readonly TimeProvider _clock;

    /// <summary>Connects nothing yet.</summary>
    /// <param name="spec">Endpoint, model, limits.</param>
    /// <param name="environment">Reads an environment variable.</param>
    /// <param name="clock">For dates in <c>Retry-After</c>.</param>
    /// <exception cref="InvalidInputException">The spec names a variable that is not set.</exception>
    public OpenAiChatModel(LlmSpec spec, Func<string, string?> environment, TimeProvider clock)
    {
        _spec = spec;
        _clock = clock;
        string? key = null;
        if (spec.ApiKeyVariable is not null)
        {
            key = environment(spec.ApiKeyVariable);
            if (string.IsNullOrEmpty(key))
            {
                throw new InvalidInputException($"planner.llm.api_key names the environment variable {spec.ApiKeyVariable}, which is not set");
            }
        }

        // Retries are counted and recorded by the agent, so the library's own are off.
        if (spec.Provider == "azure")
        {
            var options = new AzureOpenAIClientOptions { NetworkTimeout = spec.Timeout, RetryPolicy = new ClientRetryPolicy(0) };
            var azure = key is null
                ? new AzureOpenAIClient(spec.Endpoint, new DefaultAzureCredential(), options)
                : new AzureOpenAIClient(spec.Endpoint, new ApiKeyCredential(key), options);
            _client = azure.GetChatClient(spec.Model);
        }
        else
        {
            var options = new OpenAIClientOptions { Endpoint = spec.Endpoint, NetworkTimeout = spec.Timeout, RetryPolicy = new ClientRetryPolicy(0) };
            _client = new ChatClient(spec.Model, new ApiKeyCredential(key ?? "none"), options);
        }
    }

    /// <inheritdoc />
    public async Task<ChatReply> CompleteAsync(IReadOnlyList<PlannerMessage> messages, CancellationToken cancellation)
    {
        var options = new ChatCompletionOptions { MaxOutputTokenCount = _spec.MaxTokens };
        if (_spec.Temperature is { } temperature)
        {
            options.Temperature = (float)temperature;
        }

        // The library's timeout is per network operation; a server that trickles must not hold the search either.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_spec.Timeout);
        try
        {
            ChatCompletion completion = await _client.CompleteChatAsync(messages.Select(ToChatMessage), options, limit.Token);
            if (completion.FinishReason == ChatFinishReason.ContentFilter)
            {
                throw new ChatModelException(ChatFailure.ContentFiltered, "the endpoint's content filter cut the answer");
            }

            var text = string.Concat(completion.Content.Select(part => part.Text));
            return text.Length > 0
                ? new ChatReply(text, completion.Usage?.InputTokenCount, completion.Usage?.OutputTokenCount)
                : throw new ChatModelException(ChatFailure.Malformed, $"the answer is empty (finish reason {completion.FinishReason})");
        }
        catch (ClientResultException e)
        {
            throw FromStatus(e);
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new ChatModelException(ChatFailure.Timeout, $"no answer within {_spec.Timeout.TotalSeconds:0.#} s", inner: e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or System.Net.Sockets.SocketException)
        {
            throw new ChatModelException(ChatFailure.Unavailable, $"{_spec.Endpoint} cannot be reached: {Innermost(e).Message}", inner: e);
        }
        catch (Azure.Identity.AuthenticationFailedException e)
        {
            throw new ChatModelException(ChatFailure.Refused, "no Azure identity could be used; give api_key or log in", inner: e);
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or KeyNotFoundException or ArgumentException or InvalidOperationException or FormatException or NullReferenceException)
        {
            // The library throws all of these for a body that is not the API's.
            throw new ChatModelException(ChatFailure.Malformed, $"the endpoint's answer is not a chat completion ({e.GetType().Name})", inner: e);
        }
    }

    private static ChatMessage ToChatMessage(PlannerMessage message) => message.Role switch
    {
        "system" => new SystemChatMessage(message.Content),
        "assistant" => new AssistantChatMessage(message.Content),
        _ => new UserChatMessage(message.Content),
    };

    private ChatModelException FromStatus(ClientResultException e)
    {
        var response = e.GetRawResponse();
        if (response is null || e.Status == 0)
        {
            return new ChatModelException(ChatFailure.Unavailable, $"{_spec.Endpoint} cannot be reached: {Innermost(e).Message}", inner: e);
        }

        var status = e.Status.ToString(CultureInfo.InvariantCulture);
        var body = response.Content?.ToString() ?? "";
        return e.Status switch
        {
            400 when body.Contains("content_filter", StringComparison.Ordinal) || body.Contains("ResponsibleAIPolicyViolation", StringComparison.Ordinal) =>
                new ChatModelException(ChatFailure.ContentFiltered, "the endpoint's content filter refused the question (400)", inner: e),
            429 => new ChatModelException(ChatFailure.RateLimited, "the endpoint asks to wait (429)", RetryAfter(response), e),
            408 => new ChatModelException(ChatFailure.Timeout, "the endpoint timed out (408)", inner: e),
            >= 500 => new ChatModelException(ChatFailure.Unavailable, $"the endpoint failed ({status})", RetryAfter(response), e),
            >= 400 => new ChatModelException(ChatFailure.Refused, $"the endpoint refused the request ({status}); check endpoint, model and key", inner: e),
            _ => new ChatModelException(ChatFailure.Malformed, $"the endpoint's answer is not a chat completion (status {status})", inner: e),
        };
    }

    private TimeSpan? RetryAfter(PipelineResponse response)
    {
        if (response.Headers.TryGetValue("retry-after-ms", out var ms) && double.TryParse(ms, CultureInfo.InvariantCulture, out var milliseconds))
        {
            return TimeSpan.FromMilliseconds(milliseconds);
        }

        if (!response.Headers.TryGetValue("Retry-After", out var value) || value is null)
        {
            return null;
        }

        return double.TryParse(value, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(Math.Max(0, seconds))
            : DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, out var date) ? TimeSpan.FromSeconds(Math.Max(0, (date - _clock.GetUtcNow()).TotalSeconds))
            : null;
    }

    private static Exception Innermost(Exception e) => e.InnerException is null ? e : Innermost(e.InnerException);
}
