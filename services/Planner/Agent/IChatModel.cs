using LamdAgent.Domain.Planning;

namespace LamdAgent.Planner.Agent;

/// <summary>A chat endpoint. The only seam between the agent and any provider.</summary>
public interface IChatModel
{
    /// <summary>Asks once; retries are the caller's.</summary>
    /// <exception cref="ChatModelException">No usable answer came.</exception>
    Task<ChatReply> CompleteAsync(IReadOnlyList<PlannerMessage> messages, CancellationToken cancellation);
}
