using System.Text.Json;
using LamdAgent.Domain;
using LamdAgent.Domain.Models;
using LamdAgent.Domain.Planning;
using LamdAgent.Domain.Searches;
using LamdAgent.Domain.Specs;
using LamdAgent.Domain.Steps;
using LamdAgent.Planner.Estimates;
using LamdAgent.Planner.Reports;
using LamdAgent.Planner.Searches;
using LamdAgent.Planner.Submission;
using LamdAgent.Storage;
using LamdAgent.Storage.Artifacts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace LamdAgent.Planner.Api;

/// <summary>The planner's HTTP API: submit, look, cancel, pause, resume. JSON in snake_case; the description is at <c>/openapi/v1.json</c>.</summary>
public static class PlannerApi
{
    private const int LargestSpec = 1_000_000; // characters

    /// <summary>Adds the endpoints; their description is added with <c>MapOpenApi()</c>.</summary>
    public static RouteGroupBuilder MapPlannerApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/searches").AddEndpointFilter<ApiGuard>().WithTags("searches");
        api.MapGet("/", ListAsync).WithSummary("All searches, newest first").Produces<IReadOnlyList<SearchSummary>>();
        api.MapPost("/", SubmitAsync).WithSummary("Submit a spec").Produces<SearchSummary>(StatusCodes.Status201Created).Produces<ApiError>(StatusCodes.Status400BadRequest);
        api.MapGet("/{id}", (string id, IRunStore store, CancellationToken token) => SummaryAsync(id, store, StatusCodes.Status200OK, token))
            .WithSummary("One search").Produces<SearchSummary>().Produces<ApiError>(StatusCodes.Status404NotFound);
        api.MapGet("/{id}/steps", (string id, IRunStore store, CancellationToken token) => OfSearchAsync(id, store, () => store.ListStepsAsync(id, token), token))
            .WithSummary("The ledger").Produces<IReadOnlyList<StepRecord>>().Produces<ApiError>(StatusCodes.Status404NotFound);
        api.MapGet("/{id}/models", (string id, IRunStore store, CancellationToken token) => OfSearchAsync(id, store, () => store.ListModelsAsync(id, token), token))
            .WithSummary("The models").Produces<IReadOnlyList<ModelRecord>>().Produces<ApiError>(StatusCodes.Status404NotFound);
        api.MapGet("/{id}/steps/{step}/metrics", (string id, string step, IRunStore store, CancellationToken token) => OfSearchAsync(id, store, () => store.ListMetricsAsync(id, step, token), token))
            .WithSummary("The training curve of a step").Produces<IReadOnlyList<MetricPoint>>().Produces<ApiError>(StatusCodes.Status404NotFound);
        api.MapGet("/{id}/calls", (string id, string? step, IRunStore store, CancellationToken token) => OfSearchAsync(id, store, () => store.ListPlannerCallsAsync(id, step, token), token))
            .WithSummary("What the agent was asked and answered").Produces<IReadOnlyList<PlannerCall>>().Produces<ApiError>(StatusCodes.Status404NotFound);
        api.MapGet("/{id}/report", ReportAsync).WithSummary("The report so far").Produces<SearchReport>().Produces<ApiError>(StatusCodes.Status404NotFound);
        api.MapGet("/{id}/events", WatchAsync).WithSummary("Steps as they change, as server-sent events, until the search ends").Produces(StatusCodes.Status200OK, contentType: "text/event-stream");
        api.MapPost("/{id}/prune", PruneAsync).WithSummary("Delete the weights of models that are not worth their space").Produces<PruneResult>()
            .Produces<ApiError>(StatusCodes.Status400BadRequest).Produces<ApiError>(StatusCodes.Status404NotFound);
        Change(api, "cancel", [SearchStatus.Running, SearchStatus.Paused], SearchStatus.Cancelled);
        Change(api, "pause", [SearchStatus.Running], SearchStatus.Paused);
        Change(api, "resume", [SearchStatus.Paused], SearchStatus.Running);
        return api;
    }

    private static void Change(RouteGroupBuilder api, string verb, SearchStatus[] from, SearchStatus to) => api
        .MapPost($"/{{id}}/{verb}", async (string id, IRunStore store, PlannerLoop loop, TimeProvider clock, CancellationToken token) =>
        {
            if (await store.GetSearchAsync(id, token) is not { } search)
            {
                return NotFound(id);
            }

            var reason = to == SearchStatus.Running ? null : "by request";
            if (!await store.ChangeSearchStatusAsync(id, from, to, reason, clock.GetUtcNow(), token) && (await store.GetSearchAsync(id, token))?.Status != to)
            {
                return Results.Json(
                    new ApiError($"search {id} is {search.Status.ToString().ToLowerInvariant()} and cannot be changed to {to.ToString().ToLowerInvariant()}"),
                    DomainJson.Options,
                    statusCode: StatusCodes.Status409Conflict);
            }

            await loop.AdvanceAsync(id, token);
            return await SummaryAsync(id, store, StatusCodes.Status200OK, token);
        })
        .WithSummary($"{char.ToUpperInvariant(verb[0])}{verb[1..]} a search").Produces<SearchSummary>().Produces<ApiError>(StatusCodes.Status404NotFound).Produces<ApiError>(StatusCodes.Status409Conflict);

    private static async Task<IResult> ListAsync(IRunStore store, CancellationToken token)
    {
        var summaries = new List<SearchSummary>();
        foreach (var search in await store.ListSearchesAsync(null, token))
        {
            summaries.Add(SearchSummary.Of(search, await store.ListStepsAsync(search.Id, token)));
        }

        return Results.Json(summaries, DomainJson.Options);
    }

    private static async Task<IResult> SubmitAsync(
        HttpRequest body, IRunStore store, PlannerLoop loop, IOptionsMonitor<PlannerApiOptions> options, IOptions<PlannerOptions> planner, TimeProvider clock, CancellationToken token)
    {
        try
        {
            var request = await JsonSerializer.DeserializeAsync<SubmitRequest>(body.Body, DomainJson.Options, token) ?? throw new InvalidInputException("the body is empty");
            if (string.IsNullOrEmpty(request.Spec) || request.Spec.Length > LargestSpec || string.IsNullOrEmpty(request.Folder) || !Path.IsPathRooted(request.Folder))
            {
                throw new InvalidInputException($"'spec' (text of at most {LargestSpec} characters) and 'folder' (an absolute path) are needed");
            }

            var root = options.CurrentValue.DataRoot ?? throw new InvalidInputException("this planner takes no specs over HTTP; set PlannerApi:DataRoot to the shared data folder");
            var prepared = SearchSubmission.PrepareText(
                request.Spec, request.File ?? "spec", request.Folder, request.Id, new SearchOverrides(request.Strategy, request.Steps, request.Seed), clock,
                spec => RequireBelow(spec, root), Environment.GetEnvironmentVariable, MachineResources.OfTrainers(root, planner.Value.TrainerMemoryBytes));
            await SearchSubmission.SubmitAsync(prepared with { Search = prepared.Search with { Priority = request.Priority } }, store, token);
            await loop.AdvanceAsync(prepared.Search.Id, token);
            var made = await store.GetSearchAsync(prepared.Search.Id, token) ?? throw new InvalidOperationException($"search {prepared.Search.Id} has gone");
            var summary = SearchSummary.Of(made, await store.ListStepsAsync(made.Id, token)) with { Warnings = prepared.Warnings };
            return Results.Json(summary, DomainJson.Options, statusCode: StatusCodes.Status201Created);
        }
        catch (Exception e) when (e is InvalidInputException or JsonException)
        {
            return Results.Json(new ApiError(e is JsonException ? "the body is not the JSON of a submission" : e.Message), DomainJson.Options, statusCode: StatusCodes.Status400BadRequest);
        }
    }

    /// <summary>A caller from elsewhere may name files of the shared folder and no others, also not by links that lead out of it.</summary>
    private static void RequireBelow(SearchSpec spec, string root)
    {
        var folder = Real(Path.GetFullPath(root)).TrimEnd('/') + "/";
        foreach (var (path, line) in spec.Models.Select(m => (m.Path, m.Line)).Concat(spec.Datasets.Select(d => (d.Path, d.Line))).Concat(spec.Tasks.Select(t => (t.Path, t.Line))))
        {
            if (!Real(path).StartsWith(folder, StringComparison.Ordinal))
            {
                throw new InvalidInputException(spec.File, line, $"only what lies below {root} can be used here");
            }
        }
    }

    /// <summary>The path without links on the way.</summary>
    private static string Real(string path)
    {
        var real = "/";
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            real = Path.Combine(real, part);
            FileSystemInfo info = Directory.Exists(real) ? new DirectoryInfo(real) : new FileInfo(real);
            real = info.LinkTarget is null ? real : info.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? real;
        }

        return real;
    }

    private static async Task<IResult> ReportAsync(string id, IRunStore store, CancellationToken token) =>
        await ReportBuilder.BuildAsync(store, id, m => m.Artifact, token) is { } report ? Results.Json(report, DomainJson.Options) : NotFound(id);

    private static async Task<IResult> PruneAsync(string id, int? finalists, bool? dryRun, HttpContext http, IRunStore store, TimeProvider clock, CancellationToken token)
    {
        try
        {
            var artifacts = http.RequestServices.GetRequiredService<IArtifactStore>();
            return await ModelPruning.RunAsync(store, artifacts, id, finalists ?? ModelPruning.DefaultFinalists, dryRun ?? false, clock, token) is { } result
                ? Results.Json(result, DomainJson.Options)
                : NotFound(id);
        }
        catch (InvalidInputException e)
        {
            return Results.Json(new ApiError(e.Message), DomainJson.Options, statusCode: StatusCodes.Status400BadRequest);
        }
    }

    private static async Task WatchAsync(string id, HttpContext http, IRunStore store, TimeProvider clock, CancellationToken token)
    {
        if (await store.GetSearchAsync(id, token) is null)
        {
            await NotFound(id).ExecuteAsync(http);
            return;
        }

        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-store";
        var sent = new Dictionary<string, string>(StringComparer.Ordinal);
        while (!token.IsCancellationRequested)
        {
            // The status is read before the steps: when it says "over", the steps that follow are the last.
            var search = (await store.GetSearchAsync(id, token))!;
            foreach (var step in await store.ListStepsAsync(id, token))
            {
                var json = JsonSerializer.Serialize(step, DomainJson.Options);
                if (!sent.TryGetValue(step.Id, out var before) || before != json)
                {
                    sent[step.Id] = json;
                    await http.Response.WriteAsync($"event: step\ndata: {json}\n\n", token);
                }
            }

            if (search.Status is not (SearchStatus.Running or SearchStatus.Paused))
            {
                await http.Response.WriteAsync($"event: end\ndata: {JsonSerializer.Serialize(search.Status, DomainJson.Options)}\n\n", token);
                return;
            }

            await http.Response.Body.FlushAsync(token);
            await Task.Delay(TimeSpan.FromSeconds(1), clock, token);
        }
    }

    private static async Task<IResult> SummaryAsync(string id, IRunStore store, int status, CancellationToken token) =>
        await store.GetSearchAsync(id, token) is { } search
            ? Results.Json(SearchSummary.Of(search, await store.ListStepsAsync(id, token)), DomainJson.Options, statusCode: status)
            : NotFound(id);

    private static async Task<IResult> OfSearchAsync<T>(string id, IRunStore store, Func<Task<IReadOnlyList<T>>> read, CancellationToken token) =>
        await store.GetSearchAsync(id, token) is null ? NotFound(id) : Results.Json(await read(), DomainJson.Options);

    private static IResult NotFound(string id) => Results.Json(new ApiError($"there is no search {id}"), DomainJson.Options, statusCode: StatusCodes.Status404NotFound);
}
