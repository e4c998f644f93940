using LamdAgent.Domain;
using LamdAgent.Domain.Configuration;
using LamdAgent.Hosting.Bus;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace LamdAgent.Planner.Api;

/// <summary>Dead letters over the planner's HTTP API: who may steer searches may look at what failed and send it again, without knowing the broker's password.</summary>
public static class QueueApi
{
    private const int Most = 1000; // messages of a queue that are taken at once

    /// <summary>Adds the endpoints.</summary>
    public static RouteGroupBuilder MapQueueApi(this IEndpointRouteBuilder app)
    {
        var api = app.MapGroup("/queues").AddEndpointFilter<ApiGuard>().WithTags("queues");
        api.MapGet("/errors", ListAsync).WithSummary("Messages that could not be dealt with").Produces<IReadOnlyList<DeadLetterQueue>>()
            .Produces<ApiError>(StatusCodes.Status404NotFound).Produces<ApiError>(StatusCodes.Status503ServiceUnavailable);
        api.MapPost("/errors/retry", RetryAsync).WithSummary("Put them back into their queues").Produces<RetriedMessages>()
            .Produces<ApiError>(StatusCodes.Status404NotFound).Produces<ApiError>(StatusCodes.Status503ServiceUnavailable);
        return api;
    }

    private static Task<IResult> ListAsync(string? queue, int? limit, HttpContext http, CancellationToken token) =>
        AnswerAsync(http, queue, async letters => Results.Json(await letters.ListAsync(queue, Math.Clamp(limit ?? Most, 1, Most), token), DomainJson.Options));

    private static Task<IResult> RetryAsync(string? queue, string? message, HttpContext http, CancellationToken token) =>
        AnswerAsync(http, queue, async letters => await letters.RetryAsync(queue, message, token) is var moved && (moved > 0 || message is null)
            ? Results.Json(new RetriedMessages(moved), DomainJson.Options)
            : Error($"there is no dead letter with the id {message}{(queue is null ? "" : $" in {queue}")}", StatusCodes.Status404NotFound));

    private static async Task<IResult> AnswerAsync(HttpContext http, string? queue, Func<IDeadLetters, Task<IResult>> answer)
    {
        var letters = http.RequestServices.GetRequiredService<IDeadLetters>();
        if (queue is not null && !letters.Queues.Contains(queue, StringComparer.Ordinal))
        {
            return Error($"there is no queue '{queue}'{NearestWord.Hint(queue, letters.Queues)}", StatusCodes.Status404NotFound);
        }

        try
        {
            return await answer(letters);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return Error($"the broker does not do it: {e.Message}", StatusCodes.Status503ServiceUnavailable);
        }
    }

    private static IResult Error(string text, int status) => Results.Json(new ApiError(text), DomainJson.Options, statusCode: status);
}
