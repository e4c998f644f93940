namespace LamdAgent.Domain.Specs;

/// <summary>A chat endpoint for the agent.</summary>
public sealed record LlmSpec
{
    /// <summary>Providers: an OpenAI-compatible API, or Azure OpenAI.</summary>
    public static IReadOnlyList<string> Providers { get; } = ["openai", "azure"];

    /// <summary>One of <see cref="Providers"/>; default <c>openai</c>.</summary>
    public string Provider { get; init; } = "openai";

    /// <summary>Base address (<c>https://api.openai.com/v1</c>, a local server, or the Azure resource).</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>Model name; for Azure the deployment.</summary>
    public required string Model { get; init; }

    /// <summary>Environment variable that holds the key; null: no key (a local server), or for Azure the managed identity.</summary>
    public string? ApiKeyVariable { get; init; }

    /// <summary>Sampling temperature; null: the endpoint's default (some models accept no other).</summary>
    public double? Temperature { get; init; }

    /// <summary>Longest answer in tokens. Default 1024.</summary>
    public int MaxTokens { get; init; } = 1024;

    /// <summary>Time for one answer. Default 60 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often a question may be asked: once, and again with the error when the answer cannot be used. Default 3.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>Longest wait that a <c>429</c> with <c>Retry-After</c> may ask for; beyond it the step falls back. Default 60 s.</summary>
    public TimeSpan MaxRetryWait { get; init; } = TimeSpan.FromSeconds(60);
}
