using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Domain.Steps;
using LamdAgent.Hosting.Bus;
using LamdAgent.Planner.Reports;
using LamdAgent.Planner.Searches;

namespace LamdAgent.Planner.Api;

/// <summary>Speaks to a planner's HTTP API.</summary>
public sealed class PlannerClient : IDisposable
{
    private readonly HttpClient _http;

    /// <summary>Connects nothing yet.</summary>
    /// <param name="planner">Its address.</param>
    /// <param name="token">Its token; null for loopback.</param>
    public PlannerClient(Uri planner, string? token)
    {
        // A watch lasts as long as a search; the other calls are short.
        _http = new HttpClient { BaseAddress = new Uri(planner.ToString().TrimEnd('/') + "/"), Timeout = Timeout.InfiniteTimeSpan };
        if (!string.IsNullOrEmpty(token))
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    /// <summary>Submits a spec.</summary>
    /// <exception cref="InvalidInputException">The planner refuses it.</exception>
    public Task<SearchSummary> SubmitAsync(SubmitRequest request, CancellationToken cancellation) =>
        SendAsync<SearchSummary>(new HttpRequestMessage(HttpMethod.Post, "searches") { Content = JsonContent.Create(request, options: DomainJson.Options) }, cancellation);

    /// <summary>All searches.</summary>
    public Task<IReadOnlyList<SearchSummary>> ListAsync(CancellationToken cancellation) => GetAsync<IReadOnlyList<SearchSummary>>("searches", cancellation);

    /// <summary>One search.</summary>
    /// <exception cref="InvalidInputException">There is none.</exception>
    public Task<SearchSummary> GetAsync(string searchId, CancellationToken cancellation) => GetAsync<SearchSummary>(Path(searchId), cancellation);

    /// <summary>Its ledger.</summary>
    public Task<IReadOnlyList<StepRecord>> StepsAsync(string searchId, CancellationToken cancellation) => GetAsync<IReadOnlyList<StepRecord>>(Path(searchId, "steps"), cancellation);

    /// <summary>Its report so far.</summary>
    public Task<SearchReport> ReportAsync(string searchId, CancellationToken cancellation) => GetAsync<SearchReport>(Path(searchId, "report"), cancellation);

    /// <summary>Ends a search.</summary>
    public Task<SearchSummary> CancelAsync(string searchId, CancellationToken cancellation) => PostAsync(searchId, "cancel", cancellation);

    /// <summary>Lets a search rest.</summary>
    public Task<SearchSummary> PauseAsync(string searchId, CancellationToken cancellation) => PostAsync(searchId, "pause", cancellation);

    /// <summary>Lets a search go on.</summary>
    public Task<SearchSummary> ResumeAsync(string searchId, CancellationToken cancellation) => PostAsync(searchId, "resume", cancellation);

    /// <summary>Deletes the weights of models that are not worth their space, or says which would go.</summary>
    public Task<PruneResult> PruneAsync(string searchId, int finalists, bool dryRun, CancellationToken cancellation) => SendAsync<PruneResult>(
        new HttpRequestMessage(HttpMethod.Post, Path(searchId, "prune") + Query(("finalists", finalists.ToString(CultureInfo.InvariantCulture)), ("dryRun", dryRun ? "true" : "false"))), cancellation);

    /// <summary>Steps as they change, until the search ends.</summary>
    public async IAsyncEnumerable<StepRecord> WatchAsync(string searchId, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var response = await AskAsync(new HttpRequestMessage(HttpMethod.Get, Path(searchId, "events")), cancellation);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        var name = "";
        while (await reader.ReadLineAsync(cancellation) is { } line)
        {
            if (line.StartsWith("event: ", StringComparison.Ordinal))
            {
                name = line["event: ".Length..];
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal) && name == "step")
            {
                yield return JsonSerializer.Deserialize<StepRecord>(line["data: ".Length..], DomainJson.Options)!;
            }
            else if (name == "end")
            {
                yield break;
            }
        }
    }

    /// <summary>Messages that could not be dealt with.</summary>
    /// <param name="queue">Only of this queue; null: of all.</param>
    /// <param name="limit">So many of each queue.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="InvalidInputException">There is no such queue, or the broker is away.</exception>
    public Task<IReadOnlyList<DeadLetterQueue>> DeadLettersAsync(string? queue, int limit, CancellationToken cancellation) =>
        GetAsync<IReadOnlyList<DeadLetterQueue>>($"queues/errors{Query(("limit", limit.ToString(CultureInfo.InvariantCulture)), ("queue", queue))}", cancellation);

    /// <summary>Puts them back into their queues.</summary>
    /// <param name="queue">Only of this queue; null: of all.</param>
    /// <param name="message">Only this message; null: all.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="InvalidInputException">There is no such queue or message, or the broker is away.</exception>
    public Task<RetriedMessages> RetryDeadLettersAsync(string? queue, string? message, CancellationToken cancellation) =>
        SendAsync<RetriedMessages>(new HttpRequestMessage(HttpMethod.Post, $"queues/errors/retry{Query(("queue", queue), ("message", message))}"), cancellation);

    /// <inheritdoc />
    public void Dispose() => _http.Dispose();

    private static string Path(string searchId, string? part = null) => $"searches/{Uri.EscapeDataString(searchId)}{(part is null ? "" : "/" + part)}";

    private static string Query(params (string Name, string? Value)[] parameters) =>
        string.Concat(parameters.Where(p => p.Value is not null).Select((p, i) => $"{(i == 0 ? '?' : '&')}{p.Name}={Uri.EscapeDataString(p.Value!)}"));

    private Task<SearchSummary> PostAsync(string searchId, string verb, CancellationToken cancellation) =>
        SendAsync<SearchSummary>(new HttpRequestMessage(HttpMethod.Post, Path(searchId, verb)), cancellation);

    private Task<T> GetAsync<T>(string path, CancellationToken cancellation) => SendAsync<T>(new HttpRequestMessage(HttpMethod.Get, path), cancellation);

    private async Task<T> SendAsync<T>(HttpRequestMessage request, CancellationToken cancellation)
    {
        using var response = await AskAsync(request, cancellation);
        return (await response.Content.ReadFromJsonAsync<T>(DomainJson.Options, cancellation))!;
    }

    private async Task<HttpResponseMessage> AskAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
        catch (HttpRequestException e)
        {
            throw new InvalidInputException($"the planner at {_http.BaseAddress} cannot be reached: {e.Message}", e);
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            var body = await response.Content.ReadAsStringAsync(cancellation);
            string? error = null;
            try
            {
                error = JsonSerializer.Deserialize<ApiError>(body, DomainJson.Options)?.Error;
            }
            catch (JsonException)
            {
                // Something else than a planner answered; the status says enough.
            }

            throw new InvalidInputException(error ?? $"the planner at {_http.BaseAddress} answered {(int)response.StatusCode}");
        }
    }
}
