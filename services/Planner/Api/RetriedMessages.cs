namespace LamdAgent.Planner.Api;

/// <summary>What a retry of dead letters did.</summary>
/// <param name="Moved">Messages that are back in their queues.</param>
public sealed record RetriedMessages(int Moved);
