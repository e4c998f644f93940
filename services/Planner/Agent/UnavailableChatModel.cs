using LamdAgent.Domain.Planning;

namespace LamdAgent.Planner.Agent;

/// <summary>Stands for an endpoint that cannot be used as configured; every question fails with the reason, so that the search goes on without the agent and says why.</summary>
/// <param name="reason">Why.</param>
public sealed class UnavailableChatModel(string reason) : IChatModel
{
    /// <inheritdoc />
    public Task<ChatReply> CompleteAsync(IReadOnlyList<PlannerMessage> messages, CancellationToken cancellation) =>
        Task.FromException<ChatReply>(new ChatModelException(ChatFailure.Refused, reason));
}
