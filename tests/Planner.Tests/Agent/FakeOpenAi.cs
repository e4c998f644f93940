using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LamdAgent.Planner.Tests.Agent;

/// <summary>A server on loopback that speaks the chat completions API of OpenAI and Azure, and misbehaves as it is told to.</summary>
internal sealed class FakeOpenAi : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeOpenAi(WebApplication app) => _app = app;

    /// <summary>The requests that came, as JSON bodies.</summary>
    public List<JsonNode> Requests { get; } = [];

    /// <summary>Authorization or api-key headers that came.</summary>
    public List<string> Keys { get; } = [];

    /// <summary>What to answer; writes the response itself. Gets the request's number, from 1.</summary>
    public Func<int, JsonNode, HttpResponse, Task> Answer { get; set; } = (_, _, response) => Say(response, "{}");

    public Uri Address => new(_app.Urls.Single());

    public static async Task<FakeOpenAi> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var fake = new FakeOpenAi(app);
        app.MapPost("/v1/chat/completions", fake.HandleAsync);
        app.MapPost("/openai/deployments/{deployment}/chat/completions", fake.HandleAsync);
        await app.StartAsync();
        return fake;
    }

    /// <summary>A good answer.</summary>
    public static Task Say(HttpResponse response, string text, bool usage = true, string finish = "stop")
    {
        var body = new JsonObject
        {
            ["id"] = "c1",
            ["object"] = "chat.completion",
            ["created"] = 1,
            ["model"] = "toy",
            ["choices"] = new JsonArray(new JsonObject
            {
                ["index"] = 0,
                ["finish_reason"] = finish,
                ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = text },
            }),
        };
        if (usage)
        {
            body["usage"] = new JsonObject { ["prompt_tokens"] = 100, ["completion_tokens"] = 10, ["total_tokens"] = 110 };
        }

        return Raw(response, 200, body.ToJsonString());
    }

    public static async Task Raw(HttpResponse response, int status, string body)
    {
        response.StatusCode = status;
        response.ContentType = "application/json";
        await response.WriteAsync(body);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationTokenSource(TimeSpan.FromSeconds(2)).Token);
        await _app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext context)
    {
        var body = (await JsonSerializer.DeserializeAsync<JsonNode>(context.Request.Body))!;
        int number;
        lock (Requests)
        {
            Requests.Add(body);
            Keys.Add(context.Request.Headers.Authorization.FirstOrDefault() ?? context.Request.Headers["api-key"].FirstOrDefault() ?? "");
            number = Requests.Count;
        }

        await Answer(number, body, context.Response);
    }
}
