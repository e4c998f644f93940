namespace LamdAgent.Planner.Agent;

/// <summary>A chat endpoint gave no usable answer.</summary>
public sealed class ChatModelException(ChatFailure failure, string message, TimeSpan? retryAfter = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What sort.</summary>
    public ChatFailure Failure { get; } = failure;

    /// <summary>The wait that the endpoint asks for.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>Whether the same question may be answered a little later.</summary>
    public bool IsTransient => Failure is ChatFailure.RateLimited or ChatFailure.Timeout or ChatFailure.Unavailable or ChatFailure.Malformed;
}
