using LamdAgent.Domain.Planning;
using LamdAgent.Planner.Agent;

namespace LamdAgent.Planner.Tests;

/// <summary>An agent that thinks until it is told to answer; its first answer chooses an SFT, and whatever it is asked later it answers in the same way.</summary>
internal sealed class HeldChatModel : IChatModel
{
    private readonly TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public HeldChatModel(bool answered = false)
    {
        if (answered)
        {
            answer.SetResult();
        }
    }

    /// <summary>Done when a question is there.</summary>
    public Task Asked => asked.Task;

    public void Answer() => answer.SetResult();

    public async Task<ChatReply> CompleteAsync(IReadOnlyList<PlannerMessage> messages, CancellationToken cancellation)
    {
        asked.TrySetResult();
        await answer.Task.WaitAsync(cancellation);
        var prompt = messages[^1].Content;
        var text = prompt.Contains("Rewrite the memory", StringComparison.Ordinal) ? """{"memory": "nothing yet"}"""
            : prompt.Contains("# Choose an action type", StringComparison.Ordinal) ? """{"reason": "explore", "action": "sft"}"""
            : """{"reason": "try", "model": "m-0001", "dataset": "tools", "parameters": "h1"}""";
        return new ChatReply(text, null, null);
    }
}
